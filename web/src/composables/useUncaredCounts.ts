/** How many conversations wait for an answer, by view and channel; read again as things change. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchUncaredCounts } from '@/api/conversations'
import type { LiveFrame, UncaredCounts } from '@/api/types'

const PAUSE_MS = 1500 // a busy feed asks for the counts this often at most

export interface CountsSource {
  botId: Readonly<Ref<string | null>>
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useUncaredCounts({ botId, listen }: CountsSource): Ref<UncaredCounts | null> {
  const counts = ref<UncaredCounts | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    const asked = botId.value
    try {
      const answer = await fetchUncaredCounts(asked)
      if (asked === botId.value) counts.value = answer
    } catch (error) {
      if (!(error instanceof ApiError)) throw error // the next change asks again
    }
  }

  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, PAUSE_MS)
  }

  watch(botId, () => void load(), { immediate: true })
  const stop = listen(({ type }) => {
    if (type !== 'customer_changed') soon()
  })
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })

  return counts
}
