/** How a bot divides its conversations, as it is stored; read again whenever somebody changes it. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { changeSettings, fetchSplit, type SplitConfig } from '@/api/splitting'
import type { LiveFrame } from '@/api/types'

export interface SplitSource {
  botId: string
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export type SplitConfigStore = ReturnType<typeof useSplitConfig>

export function useSplitConfig({ botId, listen }: SplitSource) {
  const config = ref<SplitConfig | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  /** Switching on or off is on its way. */
  const switching = ref(false)
  let reading = 0

  async function load(): Promise<void> {
    const mine = (reading += 1)
    try {
      const found = await fetchSplit(botId)
      if (mine === reading) take(found)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (config.value === null) state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** What an answer of the server says; older reads that are on their way count no more. */
  function take(found: SplitConfig): void {
    reading += 1
    config.value = found
    state.value = 'ready'
  }

  /**
   * Only while the settings are those that are shown. Throws ApiError; after 412 they are read
   * again.
   */
  async function turn(enabled: boolean): Promise<void> {
    const shown = config.value
    if (shown === null || switching.value) return
    switching.value = true
    try {
      take(await changeSettings(botId, shown.version, { enabled }))
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) await load()
      throw error
    } finally {
      switching.value = false
    }
  }

  onScopeDispose(
    listen(({ type }) => {
      if (type === 'bot_changed' || type === 'resync') void load()
    }),
  )
  void load()
  return { botId, config, state, switching, load, take, turn }
}
