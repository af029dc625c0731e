/** How the installation is, looked at now and then again. */
import { computed, onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchConnectedAccounts } from '@/api/connecting'
import { fetchFindings, type Finding, type Findings } from '@/api/health'
import { fetchNotices } from '@/api/notices'
import type { ConnectedAccount, Notice } from '@/api/types'

const LOOK_EVERY_MS = 30_000

/** From what is worst to what is well. */
const URGENCY: readonly Finding['state'][] = ['failed', 'warning', 'ok']

export function useHealth() {
  const findings = ref<Findings | null>(null)
  const accounts = ref<ConnectedAccount[]>([])
  const notices = ref<Notice[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  /** Of everything that was looked at; an account in trouble stands among the notices. */
  const worst = computed(() => {
    const states = new Set<Finding['state']>(findings.value?.items.map((one) => one.state))
    for (const { level } of notices.value) states.add(level === 'error' ? 'failed' : 'warning')
    return URGENCY.find((one) => states.has(one)) ?? 'ok'
  })
  const ordered = computed(() =>
    [...(findings.value?.items ?? [])].sort((one, other) => URGENCY.indexOf(one.state) - URGENCY.indexOf(other.state)),
  )

  async function look(): Promise<void> {
    clearTimeout(timer)
    state.value = 'loading'
    try {
      ;[findings.value, accounts.value, notices.value] = await Promise.all([
        fetchFindings(),
        fetchConnectedAccounts(),
        fetchNotices(),
      ])
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      state.value = 'failed'
    }
    clearTimeout(timer)
    if (!over) timer = setTimeout(() => void look(), LOOK_EVERY_MS)
  }

  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
  })
  void look()
  return { findings, ordered, worst, accounts, notices, state, look }
}
