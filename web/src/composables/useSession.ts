/** Who is signed in: one state for the whole page. */
import { computed, readonly, ref } from 'vue'

import { ApiError, onSignedOut, setCsrfToken } from '@/api/client'
import { fetchMe, signIn as postSession, signOut as deleteSession } from '@/api/session'
import type { Bot, Staff } from '@/api/types'

export type SessionState = 'unknown' | 'signed-in' | 'signed-out'

const state = ref<SessionState>('unknown')
const staff = ref<Staff | null>(null)
const bots = ref<Bot[]>([])

onSignedOut(forget)

function forget(): void {
  setCsrfToken(null)
  staff.value = null
  bots.value = []
  state.value = 'signed-out'
}

/** Ask the server who is here. Throws ApiError only when it cannot be reached or fails. */
async function check(): Promise<void> {
  try {
    const me = await fetchMe()
    setCsrfToken(me.csrf_token)
    staff.value = me.staff
    // The same bots stay the same object: pages are about one of them.
    if (JSON.stringify(me.bots) !== JSON.stringify(bots.value)) bots.value = me.bots
    state.value = 'signed-in'
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    forget()
  }
}

async function signIn(credentials: { email: string; password: string }): Promise<void> {
  const session = await postSession(credentials)
  setCsrfToken(session.csrf_token)
  await check()
}

async function signOut(): Promise<void> {
  await deleteSession()
  forget()
}

const isAdmin = computed(() => staff.value?.role === 'owner' || staff.value?.role === 'admin')
/** Looks after tags and canned replies: managers and those above. */
const isLeader = computed(() => isAdmin.value || staff.value?.role === 'manager')

export function useSession() {
  return {
    state: readonly(state),
    staff: readonly(staff),
    bots: readonly(bots),
    isAdmin,
    isLeader,
    check,
    signIn,
    signOut,
  }
}
