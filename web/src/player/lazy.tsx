// A component that arrives when it is first shown.

import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Draws nothing until the component is there; a chunk that fails to load is asked for again at the next showing. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let ready: ComponentType<P> | null = null
  return function Lazy(props: P) {
    const [, arrived] = useState(ready !== null)
    useEffect(() => {
      if (ready) return
      let gone = false
      load().then(
        (component) => {
          ready = component
          if (!gone) arrived(true)
        },
        () => {},
      )
      return () => {
        gone = true
      }
    }, [])
    const Ready = ready
    return Ready && <Ready {...props} />
  }
}
