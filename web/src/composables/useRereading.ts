/** Reads again a moment after something was told of by the live feed; what comes together, once. */
import { onScopeDispose } from 'vue'

import type { LiveFrame } from '@/api/types'

export function useRereading(
  listen: (listener: (frame: LiveFrame) => void) => () => void,
  { types, after, read }: { types: ReadonlySet<string>; /** In milliseconds. */ after: number; read: () => Promise<void> },
): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = listen(({ type }) => {
    if (!types.has(type) && type !== 'resync') return
    timer ??= setTimeout(() => {
      timer = undefined
      void read()
    }, after)
  })
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })
}
