/** A rule of splitting while it is written: the same as what is sent, with what the fields need besides. */
import type { Eligible, PoolEntry, RuleBody, SplitMode, SplitRule } from '@/api/splitting'
import { documentOf, type GroupDraft, groupOf, newGroup, newLine } from '@/composables/splitConditions'

export const MODES: readonly SplitMode[] = [
  'even',
  'weighted',
  'least_loaded',
  'longest_idle',
  'fixed',
  'claim',
  'manual',
]
export const ELIGIBLES: readonly Eligible[] = ['all', 'online', 'on_shift', 'online_on_shift']
/** The modes in which people and not the rule say who gets it. */
export const BY_HAND: ReadonlySet<SplitMode> = new Set(['claim', 'manual'])

/** A field of a number that is empty holds ''. */
export type Count = number | null | ''

export interface RuleDraft {
  /** null until it is stored */
  id: string | null
  version: number
  catchAll: boolean
  name: string
  enabled: boolean
  when: GroupDraft | null
  mode: SplitMode
  eligible: Eligible
  everybody: boolean
  pool: PoolEntry[]
  cap: { open: Count; waiting: Count }
  rate: { on: boolean; count: number; per_min: number }
  returning: { enabled: boolean; within_days: Count; whom: Whom; otherwise: Otherwise }
  resplit: Resplit & { on: boolean }
  redistribute: boolean
  fallback: string | null
  excludedPosts: string[]
}

type Keep = RuleBody['keep_returning']
type Whom = Keep['whom']
type Otherwise = Keep['otherwise']
type Resplit = NonNullable<RuleBody['resplit']>

export function newRule(name: string): RuleDraft {
  return {
    id: null,
    version: 0,
    catchAll: false,
    name,
    enabled: true,
    when: newGroup([newLine()]),
    mode: 'even',
    eligible: 'online_on_shift',
    everybody: true,
    pool: [],
    cap: { open: null, waiting: null },
    rate: { on: false, count: 5, per_min: 10 },
    returning: { enabled: true, within_days: 30, whom: 'last_carer', otherwise: 'pass_on' },
    resplit: { on: false, after_min: 10, action: 'transfer', keep: 1, max_rounds: 3, working_hours_only: true },
    redistribute: false,
    fallback: null,
    excludedPosts: [],
  }
}

export const EXAMPLES = ['price', 'outside', 'comments', 'vip'] as const
export type Example = (typeof EXAMPLES)[number]

/** A rule to begin with: what shops ask for most. `words` are those of a price. */
export function exampleRule(example: Example, name: string, words: readonly string[]): RuleDraft {
  const rule = newRule(name)
  switch (example) {
    case 'price':
      return { ...rule, when: newGroup([{ ...newLine('keyword'), values: [...words] }]) }
    case 'outside':
      return { ...rule, mode: 'claim', when: newGroup([newLine('working_hours')]) }
    case 'comments':
      return { ...rule, mode: 'least_loaded', when: newGroup([{ ...newLine('kind'), values: ['comment'] }]) }
    case 'vip':
      return { ...rule, mode: 'fixed', everybody: false, when: newGroup([newLine('tag')]) }
  }
}

export function ruleDraft(rule: SplitRule): RuleDraft {
  const usual = newRule(rule.name)
  return {
    id: rule.id,
    version: rule.version,
    catchAll: rule.catch_all,
    name: rule.name,
    enabled: rule.enabled,
    when: rule.when && groupOf(rule.when),
    mode: rule.mode,
    eligible: rule.eligible,
    everybody: rule.pool.length === 0,
    pool: rule.pool.map((one) => ({ ...one })),
    cap: { open: rule.cap?.open ?? null, waiting: rule.cap?.waiting ?? null },
    rate: rule.rate ? { on: true, ...rule.rate } : usual.rate,
    returning: { ...rule.keep_returning },
    resplit: rule.resplit ? { on: true, ...rule.resplit } : usual.resplit,
    redistribute: rule.redistribute,
    fallback: rule.fallback_staff_id,
    excludedPosts: [...rule.excluded_posts],
  }
}

/** As the API takes it; a number that was left out stands for none. */
export function ruleBody(draft: RuleDraft): RuleBody {
  const [open, waiting] = [counted(draft.cap.open), counted(draft.cap.waiting)]
  const { on: limited, ...rate } = draft.rate
  const { on: again, ...resplit } = draft.resplit
  return {
    name: draft.name,
    enabled: draft.enabled,
    when: draft.when && documentOf(draft.when),
    mode: draft.mode,
    eligible: draft.eligible,
    pool: draft.everybody ? [] : draft.pool.map((one) => ({ ...one })),
    cap: open === null && waiting === null ? null : { open, waiting },
    rate: limited ? rate : null,
    keep_returning: { ...draft.returning, within_days: counted(draft.returning.within_days) },
    resplit: again ? resplit : null,
    redistribute: draft.redistribute,
    fallback_staff_id: draft.fallback,
    excluded_posts: [...draft.excludedPosts],
  }
}

function counted(count: Count): number | null {
  return count === '' ? null : count
}

/** The share of each of the pool, in percent of the conversations: all alike but by weight. */
export function percentOf(draft: RuleDraft, entry: PoolEntry): number {
  if (draft.mode !== 'weighted') return 100 / draft.pool.length
  const all = draft.pool.reduce((sum, { weight }) => sum + weight, 0)
  return all === 0 ? 0 : (100 * entry.weight) / all
}
