import { render } from 'preact'
import { App } from './app'
import { startLanguage } from './i18n'
import { startTheme } from './preferences'
import { startRouter } from './router'
import { startSession } from './session'
import './style/tokens.css'
import './style/base.css'
import './style/controls.css'
import './style/fields.css'
import './style/overlays.css'
import './style/home.css'
import './style/pages.css'

async function start(): Promise<void> {
  startTheme()
  startRouter()
  // The language and the first answers come side by side.
  void startSession()
  await startLanguage()
  const root = document.getElementById('app')
  if (root) render(<App />, root)
}

void start()
