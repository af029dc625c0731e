/** Whether the window is as a media query says, as a ref. */
import { onScopeDispose, readonly, ref, type Ref } from 'vue'

export function useMediaQuery(query: string): Readonly<Ref<boolean>> {
  const list = window.matchMedia(query)
  const matches = ref(list.matches)
  const changed = () => {
    matches.value = list.matches
  }
  list.addEventListener('change', changed)
  onScopeDispose(() => {
    list.removeEventListener('change', changed)
  })
  return readonly(matches)
}
