/** Which customer the embedded sidebar shows: the last wish counts, whatever answers first. */
import { ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchConversation } from '@/api/conversations'
import { locate } from '@/api/embedding'
import type { Channel } from '@/api/types'
import type { Wish } from '@/embedding/host'

export interface Shown {
  conversationId: string
  customerId: string | null
  channel: Channel
}

export function useSelection() {
  const shown = ref<Shown | null>(null)
  const state = ref<'nobody' | 'loading' | 'shown' | 'unknown' | 'failed'>('nobody')
  let asked = 0

  async function select(wish: Wish): Promise<void> {
    const mine = ++asked
    state.value = 'loading'
    try {
      const found = await resolved(wish)
      if (mine !== asked) return
      shown.value = found
      state.value = found === null ? 'unknown' : 'shown'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine !== asked) return
      shown.value = null
      state.value = error.status === 403 || error.status === 404 ? 'unknown' : 'failed'
    }
  }

  return { shown, state, select }
}

async function resolved(wish: Wish): Promise<Shown | null> {
  const id = wish.kind === 'conversation' ? wish.id : await conversationOf(wish)
  if (id === null) return null
  const { channel, customer } = await fetchConversation(id)
  return { conversationId: id, customerId: customer?.id ?? null, channel }
}

async function conversationOf(wish: Exclude<Wish, { kind: 'conversation' }>): Promise<string | null> {
  const known =
    wish.kind === 'customer'
      ? { identifier: wish.id, phone: null, email: null }
      : { identifier: wish.identifier, phone: wish.phone, email: wish.email }
  return (await locate(known)).conversation_id
}
