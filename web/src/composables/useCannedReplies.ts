/** The canned replies as leaders look after them. */
import { ref } from 'vue'

import { createCannedReply, deleteCannedReply, editCannedReply, fetchCannedReplies } from '@/api/canned'
import { ApiError } from '@/api/client'
import type { CannedReply } from '@/api/types'

/** What is in a form: a new one when `id` is null. */
export interface CannedDraft {
  id: string | null
  bot_id: string | null
  shortcut: string
  text: string
}

export function useCannedReplies() {
  const replies = ref<CannedReply[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      replies.value = await fetchCannedReplies()
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed'
    }
  }

  /** Throws ApiError. */
  async function save({ id, bot_id, shortcut, text }: CannedDraft): Promise<void> {
    const trimmed = shortcut.trim().replace(/^\/+/u, '')
    if (id === null) await createCannedReply({ bot_id, shortcut: trimmed, text })
    else await editCannedReply(id, { shortcut: trimmed, text })
    await load()
  }

  /** Throws ApiError. */
  async function remove(id: string): Promise<void> {
    await deleteCannedReply(id)
    await load()
  }

  void load()
  return { replies, state, load, save, remove }
}
