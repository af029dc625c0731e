/** Who may speak by itself in a conversation. */
import { ask } from '@/api/enrolments'
import type { Conversation } from '@/api/types'

/** `paused_until` null with a state other than active: until somebody gives the conversation back. */
export interface Automation {
  state: 'active' | 'handoff_requested' | 'human'
  paused_until: string | null
  reason: string | null
  opted_out_at: string | null
}

export function automationOf(conversation: Conversation | null): Automation | null {
  return conversation === null ? null : (conversation.automation as unknown as Automation)
}

/** Bots and scripts may go on. It does not undo that a customer asked for silence. */
export async function giveBack(conversationId: string): Promise<void> {
  const body = { state: 'active', minutes: null }
  await ask<Conversation>('PUT', `/api/v1/conversations/${conversationId}/automation`, body)
}
