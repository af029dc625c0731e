/** Webhooks that were kept and could not be applied, and another try. */
import { ApiError } from '@/api/client'
import { fetchParkedWebhooks, replayAllWebhooks, replayWebhook } from '@/api/health'
import { usePages } from '@/composables/usePages'

export function useParkedWebhooks() {
  const { load, ...pages } = usePages(fetchParkedWebhooks)

  /** How many are applied once more. Throws ApiError. */
  async function replayAll(): Promise<number> {
    const replayed = await replayAllWebhooks()
    await load()
    return replayed
  }

  /** One that is not parked any more is what was asked for. Throws ApiError. */
  async function replay(id: string): Promise<void> {
    try {
      await replayWebhook(id)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    }
    await load()
  }

  void load()
  return { ...pages, load, replay, replayAll }
}
