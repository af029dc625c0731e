/** The bots with their accounts, read again when one of them changes. */
import { computed, onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchConnectedAccounts } from '@/api/connecting'
import type { Bot, ConnectedAccount, LiveFrame } from '@/api/types'

export interface BotAccounts {
  bot: Bot
  accounts: ConnectedAccount[]
}

export interface AccountsSource {
  bots: () => readonly Bot[]
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

const CHANGES = new Set(['bot_changed', 'resync'])

export function useAccounts({ bots, listen }: AccountsSource) {
  const accounts = ref<ConnectedAccount[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      accounts.value = await fetchConnectedAccounts()
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  const byBot = computed<BotAccounts[]>(() =>
    bots().map((bot) => ({
      bot,
      accounts: accounts.value
        .filter(({ bot_id }) => bot_id === bot.id)
        .sort((one, other) => one.name.localeCompare(other.name)),
    })),
  )

  onScopeDispose(
    listen(({ type }) => {
      if (CHANGES.has(type)) void load()
    }),
  )
  void load()
  return { byBot, state, load }
}
