/** Signing in and out, and who is signed in. */
import { answerOf, api } from '@/api/client'
import type { Me, MyState, MyStateChange, SignedIn } from '@/api/types'

export function signIn(credentials: { email: string; password: string }): Promise<SignedIn> {
  return answerOf(api.POST('/api/v1/session', { body: credentials }))
}

export async function signOut(): Promise<void> {
  await answerOf(api.DELETE('/api/v1/session'))
}

export function changeMe(change: MyStateChange): Promise<MyState> {
  const body = { presence: null, receiving: null, ...change } // null leaves as it is
  return answerOf(api.PATCH('/api/v1/me', { body }))
}

export function fetchMe(): Promise<Me> {
  return answerOf(api.GET('/api/v1/me'))
}
