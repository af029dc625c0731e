/** The people of the open conversation, kept current by the live feed. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchPeople } from '@/api/people'
import type { LiveFrame, People } from '@/api/types'

const PAUSE_MS = 200 // several frames of one change come together

const CHANGES = new Set(['conversation_changed', 'message_received'])

export interface PeopleSource {
  conversationId: string
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function usePeople({ conversationId, listen }: PeopleSource) {
  const people = ref<People | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0

  async function load(): Promise<void> {
    const mine = (asked += 1)
    try {
      const found = await fetchPeople(conversationId)
      if (mine !== asked) return
      people.value = found
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (people.value === null) state.value = 'failed'
    }
  }

  function concerns({ type, conversation_id, data }: LiveFrame): boolean {
    if (type === 'resync' || type === 'bot_changed') return true
    if (type === 'presence_changed') return isShown(data.staff_id)
    return CHANGES.has(type) && conversation_id === conversationId
  }

  function isShown(staffId: string | undefined): boolean {
    return people.value?.participants.some(({ id }) => id === staffId) ?? false
  }

  const stop = listen((frame) => {
    if (!concerns(frame)) return
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, PAUSE_MS)
  })
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })
  void load()

  return { people, state, load }
}
