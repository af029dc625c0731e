/** One's own account: name, password, sessions; and choosing a new password with a reset link. */
import { answerOf, api } from '@/api/client'
import type { OwnSession, Staff } from '@/api/types'

export function rename(name: string): Promise<Staff> {
  return answerOf(api.PUT('/api/v1/me/name', { body: { name } }))
}

/** All other sessions end with it. */
export async function changePassword(passwords: { current: string; new: string }): Promise<void> {
  await answerOf(api.POST('/api/v1/me/password', { body: passwords }))
}

export async function fetchSessions(): Promise<OwnSession[]> {
  return (await answerOf(api.GET('/api/v1/me/sessions'))).items
}

export async function endSession(id: string): Promise<void> {
  const path = { session_id: id }
  await answerOf(api.DELETE('/api/v1/me/sessions/{session_id}', { params: { path } }))
}

export async function endOtherSessions(): Promise<void> {
  await answerOf(api.DELETE('/api/v1/me/sessions'))
}

export async function resetPassword(chosen: { token: string; new: string }): Promise<void> {
  await answerOf(api.POST('/api/v1/password-reset', { body: chosen }))
}
