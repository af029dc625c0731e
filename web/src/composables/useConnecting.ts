/** Begins a platform's login dialog: the whole page goes there and comes back with a flow. */
import { ref } from 'vue'

import { ApiError } from '@/api/client'
import { startConnecting } from '@/api/connecting'
import type { Channel, ConnectChannel } from '@/api/types'

/** Instagram accounts are connected through the page that they are linked with. */
export function dialogOf(channel: Channel): ConnectChannel {
  return channel === 'zalo' ? 'zalo' : 'facebook'
}

function leave(url: string): void {
  window.location.assign(url)
}

export function useConnecting(go: (url: string) => void = leave) {
  const busy = ref(false)
  const refusal = ref<ApiError | null>(null)

  async function connect(botId: string, channel: ConnectChannel): Promise<void> {
    if (busy.value) return
    busy.value = true
    refusal.value = null
    try {
      go(await startConnecting(botId, channel))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      busy.value = false
    }
  }

  return { busy, refusal, connect }
}
