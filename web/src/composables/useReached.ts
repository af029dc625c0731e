/** Calls back whenever the end of a scrolled list comes near. */
import { onScopeDispose, type Ref, watch } from 'vue'

const NEAR = '600px'

/** `signal` is an element at the end of what `scroller` scrolls; null: whatever scrolls it. */
export function useReached(
  scroller: Readonly<Ref<HTMLElement | null>> | null,
  signal: Readonly<Ref<HTMLElement | null>>,
  reached: () => void,
): void {
  let observer: IntersectionObserver | undefined

  watch(
    [() => scroller?.value ?? null, signal],
    ([root, target]) => {
      observer?.disconnect()
      if (!target || (scroller !== null && !root)) return
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
