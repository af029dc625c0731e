/** The open conversation itself: who, which channel, what state, and changing that state. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { changeStatus, fetchConversation } from '@/api/conversations'
import type { Conversation, ConversationStatus, LiveFrame } from '@/api/types'

export interface ConversationSource {
  conversationId: string
  /** What the list shows of it already, so that the header need not wait. */
  known: Conversation | null
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useConversation({ conversationId, known, listen }: ConversationSource) {
  const conversation = ref<Conversation | null>(known)
  const state = ref<'loading' | 'ready' | 'failed' | 'gone'>(known === null ? 'loading' : 'ready')

  async function load(): Promise<void> {
    try {
      conversation.value = await fetchConversation(conversationId)
      state.value = 'ready'
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
        state.value = 'gone'
      } else if (conversation.value === null) {
        state.value = 'failed'
      }
    }
  }

  /** Throws ApiError; the feed brings the change to the list and to everybody else. */
  async function setStatus(status: ConversationStatus): Promise<void> {
    const changed = await changeStatus(conversationId, status)
    conversation.value = { ...conversation.value, ...changed }
  }

  const stop = listen((frame) => {
    if (frame.type === 'resync') void load()
    else if (frame.type === 'customer_changed') reloadIf(frame.data.customer_id)
    else if (frame.conversation_id !== conversationId) return
    else if (frame.type === 'conversation_removed') state.value = 'gone'
    else if (state.value === 'gone') void load()
    else if (conversation.value && frame.data.conversation) {
      conversation.value = { ...conversation.value, ...frame.data.conversation }
    }
  })

  function reloadIf(customerId: string | undefined): void {
    if (customerId !== undefined && conversation.value?.customer?.id === customerId) void load()
  }

  onScopeDispose(stop)
  void load()

  return { conversation, state, load, setStatus }
}
