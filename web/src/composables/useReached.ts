/** Calls back whenever the end of a scrolled list comes near. */
import { onScopeDispose, type Ref, watch } from 'vue'

const NEAR = '600px'

/** `signal` is an element at the end of what `scroller` scrolls. */
export function useReached(
  scroller: Readonly<Ref<HTMLElement | null>>,
  signal: Readonly<Ref<HTMLElement | null>>,
  reached: () => void,
): void {
  let observer: IntersectionObserver | undefined

  watch(
    [scroller, signal],
    ([root, target]) => {
      observer?.disconnect()
      if (!root || !target) return
      observer = new IntersectionObserver(
        (entries) => {
          if (entries.some((entry) => entry.isIntersecting)) reached()
        },
        { root, rootMargin: NEAR },
      )
      observer.observe(target)
    },
    { flush: 'post', immediate: true },
  )
  onScopeDispose(() => observer?.disconnect())
}
