/** The books of splitting: what everybody got by each rule, and how far that is from the fair share. */
import { computed, ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchLedger, type RuleLedger, type SplitRule } from '@/api/splitting'
import { useRereading } from '@/composables/useRereading'
import type { SplitSource } from '@/composables/useSplitConfig'

const CHANGES = new Set(['conversation_changed', 'bot_changed'])
const PAUSE_MS = 2000

/** The modes in which everybody has a fair share of the turns. */
const FAIR: ReadonlySet<string> = new Set(['even', 'weighted'])

export interface LedgerRow {
  staffId: string
  given: number
  /** What it would be if everything could be cut in pieces; null where there is no fair share. */
  fair: number | null
  /** Positive: more is owed; in conversations. */
  owed: number
  sticky: number
  fallback: number
  manual: number
  lastGivenAt: string | null
}

export interface RuleBooks {
  id: string
  name: string
  fair: boolean
  rows: LedgerRow[]
  /** How far anybody is from the fair share, in conversations. */
  worst: number
}

export function useSplitLedger({ botId, listen, rules }: SplitSource & { rules: () => readonly SplitRule[] }) {
  const ledger = ref<RuleLedger[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      ledger.value = await fetchLedger(botId)
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed'
    }
  }

  const books = computed(() => {
    const known = new Map(rules().map((rule) => [rule.id, rule]))
    return ledger.value.map((one) => booksOf(one, known.get(one.rule_id)))
  })

  useRereading(listen, { types: CHANGES, after: PAUSE_MS, read: load })
  void load()
  return { books, state, load }
}

function booksOf({ rule_id: id, rule_name: name, shares }: RuleLedger, rule: SplitRule | undefined): RuleBooks {
  const fair = rule !== undefined && FAIR.has(rule.mode)
  const rows = shares
    // Who has left the pool and never got anything has nothing to tell.
    .filter((one) => one.weight > 0 || one.given + one.sticky + one.fallback + one.manual > 0)
    .map((one) => ({
      staffId: one.staff_id,
      given: one.given,
      fair: fair ? one.given + one.owed : null,
      owed: fair ? one.owed : 0,
      sticky: one.sticky,
      fallback: one.fallback,
      manual: one.manual,
      lastGivenAt: one.last_given_at,
    }))
    .sort((one, other) => other.given - one.given)
  return { id, name, fair, rows, worst: Math.max(0, ...rows.map(({ owed }) => Math.abs(owed))) }
}
