/** How the conversations of a bot are divided: settings, rules, rehearsals, books, and who is here. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type SplitConfig = Schemas['SplitConfigView']
export type SplitRule = Schemas['RuleView']
export type SplitMode = SplitRule['mode']
export type Eligible = SplitRule['eligible']
export type RuleBody = Schemas['RuleBody']
export type SettingsBody = Schemas['SettingsBody']
export type PoolEntry = Schemas['PoolBody']
export type Holiday = Schemas['HolidayBody']
export type Schedule = Schemas['ScheduleBody']
export type Shift = Schemas['ShiftView']

export type DraftRule = Schemas['DraftRuleBody']
export type RehearsalBody = Schemas['RehearsalBody']
export type Rehearsal = Schemas['RehearsalView']
export type Difference = Schemas['DifferenceView']

export type RuleLedger = Schemas['RuleLedgerView']
export type Leak = Schemas['LeakView']
export type LeakAction = Leak['actions'][number]
export type BoardRow = Schemas['BoardRowView']
export type BotDetails = Schemas['BotView']

const SPLIT = '/api/v1/bots/{bot_id}/split'
const RULE = '/api/v1/bots/{bot_id}/split/rules/{rule_id}'

export function fetchSplit(bot_id: string): Promise<SplitConfig> {
  return answerOf(api.GET(SPLIT, { params: { path: { bot_id } } }))
}

/** Sets what is sent, only while nobody has changed the settings since `version`: 412 otherwise. */
export function changeSettings(
  bot_id: string,
  version: number,
  changes: Partial<SettingsBody>,
): Promise<SplitConfig> {
  const params = { path: { bot_id }, header: { 'If-Match': String(version) } }
  return answerOf(api.PUT(SPLIT, { params, body: changes as SettingsBody }))
}

/** As the last one before the catch-all. */
export function addRule(bot_id: string, body: RuleBody): Promise<SplitRule> {
  return answerOf(api.POST(`${SPLIT}/rules`, { params: { path: { bot_id } }, body }))
}

/** Only while nobody has changed it since `version`: 412 otherwise. */
export function changeRule(
  bot_id: string,
  { id, version }: { id: string; version: number },
  body: RuleBody,
): Promise<SplitRule> {
  const params = { path: { bot_id, rule_id: id }, header: { 'If-Match': String(version) } }
  return answerOf(api.PUT(RULE, { params, body }))
}

/** Its books go with it. */
export async function deleteRule(bot_id: string, rule_id: string): Promise<void> {
  await answerOf(api.DELETE(RULE, { params: { path: { bot_id, rule_id } } }))
}

/** `ids` are all rules but the catch-all. */
export function orderRules(bot_id: string, ids: readonly string[]): Promise<SplitConfig> {
  const params = { path: { bot_id } }
  return answerOf(api.POST(`${SPLIT}/rules/order`, { params, body: { ids: [...ids] } }))
}

/** Changes nothing; 422 as saving the draft would be. */
export function rehearse(
  bot_id: string,
  body: RehearsalBody,
  signal: AbortSignal,
): Promise<Rehearsal> {
  return answerOf(api.POST(`${SPLIT}/rehearsal`, { params: { path: { bot_id } }, body, signal }))
}

export async function fetchLedger(bot_id: string): Promise<RuleLedger[]> {
  const { rules } = await answerOf(api.GET(`${SPLIT}/ledger`, { params: { path: { bot_id } } }))
  return rules
}

/** Who waits or is nobody's, the most urgent first. */
export function fetchWaiting(
  bot_id: string,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<{ items: Leak[]; next_cursor: string | null }> {
  const query = cursor === null ? { limit } : { limit, cursor }
  return answerOf(api.GET(`${SPLIT}/waiting`, { params: { path: { bot_id }, query } }))
}

export async function fetchBoard(bot_id: string): Promise<BoardRow[]> {
  const { items } = await answerOf(
    api.GET('/api/v1/bots/{bot_id}/presence', { params: { path: { bot_id } } }),
  )
  return items
}

/** Whether a colleague gets conversations. */
export function switchReceiving(
  bot_id: string,
  staff_id: string,
  receiving: boolean,
): Promise<BoardRow> {
  const path = { bot_id, staff_id }
  return answerOf(
    api.PATCH('/api/v1/bots/{bot_id}/presence/{staff_id}', { params: { path }, body: { receiving } }),
  )
}

/** `schedule` null: the hours of the bot. */
export function fetchShift(staff_id: string): Promise<Shift> {
  return answerOf(api.GET('/api/v1/staff/{staff_id}/shift', { params: { path: { staff_id } } }))
}

export function changeShift(staff_id: string, schedule: Schedule | null): Promise<Shift> {
  const params = { path: { staff_id } }
  return answerOf(api.PUT('/api/v1/staff/{staff_id}/shift', { params, body: { schedule } }))
}

export function fetchBotDetails(bot_id: string): Promise<BotDetails> {
  return answerOf(api.GET('/api/v1/bots/{bot_id}', { params: { path: { bot_id } } }))
}
