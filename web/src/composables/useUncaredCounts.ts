/** How many conversations wait for an answer, by view and channel; read again as things change. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { type ConversationFilter, fetchUncaredCounts } from '@/api/conversations'
import type { LiveFrame, UncaredCounts } from '@/api/types'

const PAUSE_MS = 1500 // a busy feed asks for the counts this often at most

export interface CountsSource {
  of: Readonly<Ref<Pick<ConversationFilter, 'bot_id' | 'tags'>>>
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useUncaredCounts({ of, listen }: CountsSource): Ref<UncaredCounts | null> {
  const counts = ref<UncaredCounts | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    const asked = of.value
    try {
      const answer = await fetchUncaredCounts(asked)
      if (asked === of.value) counts.value = answer
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

  watch(of, () => void load(), { immediate: true })
  const stop = listen(({ type }) => {
    if (type !== 'customer_changed') soon()
  })
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })

  return counts
}
