/** Signing in and out, and who is signed in. */
import { answerOf, api } from '@/api/client'
import type { Me, SignedIn } from '@/api/types'

export function signIn(credentials: { email: string; password: string }): Promise<SignedIn> {
  return answerOf(api.POST('/api/v1/session', { body: credentials }))
}

export async function signOut(): Promise<void> {
  await answerOf(api.DELETE('/api/v1/session'))
}

export function fetchMe(): Promise<Me> {
  return answerOf(api.GET('/api/v1/me'))
}
