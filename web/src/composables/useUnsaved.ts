/** Asks before changes that are not saved are lost, also when the window is closed. */
import { onScopeDispose } from 'vue'

/** The answer to "may one leave?", for the guards of a route. */
export function useUnsaved(unsaved: () => boolean, question: () => string): () => boolean {
  const warn = (event: BeforeUnloadEvent) => {
    if (unsaved()) event.preventDefault()
  }
  window.addEventListener('beforeunload', warn)
  onScopeDispose(() => {
    window.removeEventListener('beforeunload', warn)
  })
  return () => !unsaved() || window.confirm(question())
}
