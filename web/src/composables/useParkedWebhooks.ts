/** Webhooks that were kept and could not be applied, and another try. */
import { computed, ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchParkedWebhooks, type ParkedWebhook, replayAllWebhooks, replayWebhook } from '@/api/health'

export function useParkedWebhooks() {
  const webhooks = ref<ParkedWebhook[]>([])
  const next = ref<string | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let reading = 0

  /** What is asked for later is what counts. */
  async function read(cursor: string | null): Promise<void> {
    const mine = (reading += 1)
    state.value = 'loading'
    try {
      const page = await fetchParkedWebhooks(cursor)
      if (mine !== reading) return
      webhooks.value = cursor === null ? page.items : [...webhooks.value, ...page.items]
      next.value = page.next_cursor
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading) state.value = 'failed'
    }
  }

  /** How many are applied once more. Throws ApiError. */
  async function replayAll(): Promise<number> {
    const replayed = await replayAllWebhooks()
    await read(null)
    return replayed
  }

  /** One that is not parked any more is what was asked for. Throws ApiError. */
  async function replay(id: string): Promise<void> {
    try {
      await replayWebhook(id)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    }
    await read(null)
  }

  void read(null)
  return {
    webhooks,
    state,
    hasMore: computed(() => next.value !== null),
    load: () => read(null),
    more: () => read(next.value),
    replay,
    replayAll,
  }
}
