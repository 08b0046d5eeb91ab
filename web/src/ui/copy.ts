/** Copies; on pages without the clipboard (plain http) selects the text in its field and uses the old command. */
export async function toClipboard(text: string, box: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return box ? selected(text, box) : borrowed(text)
  }
}

/** The field may show dots: it is copied from as it is. */
function selected(text: string, box: HTMLInputElement): boolean {
  if (box.type === 'password') return borrowed(text)
  box.select()
  return document.execCommand('copy')
}

function borrowed(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.style.cssText = 'position:fixed;opacity:0'
  ;(document.querySelector('dialog[open]') ?? document.body).append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}
