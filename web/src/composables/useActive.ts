/** Which option of a list the arrow keys are on. */
import { computed, ref, watch } from 'vue'

export function useActive(count: () => number) {
  const index = ref(0)

  watch(count, (now) => {
    if (index.value >= now) index.value = Math.max(0, now - 1)
  })

  /** Down or up, around the ends. */
  function step(by: 1 | -1): void {
    const total = count()
    if (total > 0) index.value = (index.value + by + total) % total
  }

  function set(to: number): void {
    index.value = to
  }

  return { index: computed(() => index.value), step, set }
}
