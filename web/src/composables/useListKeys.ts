/** The keyboard of the inbox: up and down between conversations, Escape back, / to search. */
import { onScopeDispose } from 'vue'

export interface ListKeys {
  step: (by: 1 | -1) => void
  back: () => void
  search: () => void
}

/** Elements that have their own use for the arrow keys. */
const OWN_KEYS = 'input, textarea, select, video, audio, [role="menu"], [role="dialog"], [data-own-keys]'

export function useListKeys({ step, back, search }: ListKeys): void {
  function press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const at = event.target instanceof Element ? event.target : null
    if (event.key === 'Escape') {
      if (!at?.closest('[role="menu"], [role="dialog"], input, textarea')) back()
      return
    }
    if (at?.closest(OWN_KEYS)) return
    const action = { ArrowDown: () => { step(1) }, ArrowUp: () => { step(-1) }, '/': search }[event.key]
    if (!action) return
    event.preventDefault()
    action()
  }

  window.addEventListener('keydown', press)
  onScopeDispose(() => {
    window.removeEventListener('keydown', press)
  })
}
