import { useLayoutEffect, useState } from 'preact/hooks'
import type { FunctionComponent, JSX } from 'preact'
import { t } from '../i18n'
import { fail } from './Toasts'

/** A component whose code comes when it is first shown. While it comes, shows the fallback. */
export function lazy<P extends object>(
  load: () => Promise<FunctionComponent<P>>,
  fallback: () => JSX.Element | null = () => null,
): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | null = null
  return function Lazy(props: P) {
    const [Inner, setInner] = useState<FunctionComponent<P> | null>(() => loaded)
    // What is on this side already shows before the next key.
    useLayoutEffect(() => {
      if (loaded) return
      let here = true
      load()
        .then((c) => {
          loaded = c
          if (here) setInner(() => c)
        })
        .catch(() => here && fail(new Error(t('error.network'))))
      return () => {
        here = false
      }
    }, [])
    return Inner ? <Inner {...props} /> : fallback()
  }
}
