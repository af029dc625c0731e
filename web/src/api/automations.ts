/** The programs that take part in a bot, and the log of what they were told. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Automation = Schemas['inbox__automations__view__AutomationView']
export type AutomationKind = Automation['kind']
export type EventType = Automation['events'][number]
export type LastCall = Schemas['LastCallView']
export type AutomationBody = Schemas['NewAutomationBody']
export type NewAutomation = Schemas['NewAutomationView']
export type Delivery = Schemas['DeliveryView']
export type Check = Schemas['AutomationCheckView']
export type DeliveryState = Delivery['state']
export type DeliveryPage = Schemas['Page_DeliveryView_']

/** One automation by its addresses. */
export interface AutomationPlace {
  bot_id: string
  automation_id: string
}

const ALL = '/api/v1/bots/{bot_id}/automations'
const ONE = `${ALL}/{automation_id}` as const

/** By name. */
export async function fetchAutomations(bot_id: string): Promise<Automation[]> {
  return (await answerOf(api.GET(ALL, { params: { path: { bot_id } } }))).items
}

export function fetchAutomation(path: AutomationPlace): Promise<Automation> {
  return answerOf(api.GET(ONE, { params: { path } }))
}

/** Its secret and its token are in the answer, and never again. */
export function addAutomation(bot_id: string, body: AutomationBody): Promise<NewAutomation> {
  return answerOf(api.POST(ALL, { params: { path: { bot_id } }, body }))
}

/** Only while nobody has changed it since `version`: 412 otherwise. */
export function changeAutomation(
  { bot_id, id, version }: Pick<Automation, 'bot_id' | 'id' | 'version'>,
  body: Partial<Schemas['AutomationEditBody']>,
): Promise<Automation> {
  const params = { path: { bot_id, automation_id: id }, header: { 'If-Match': String(version) } }
  return answerOf(api.PATCH(ONE, { params, body: body as Schemas['AutomationEditBody'] }))
}

export async function deleteAutomation(path: AutomationPlace): Promise<void> {
  await answerOf(api.DELETE(ONE, { params: { path } }))
}

/** Signs from now on, beside the one before. */
export async function addSecret(path: AutomationPlace): Promise<string> {
  return (await answerOf(api.POST(`${ONE}/secrets`, { params: { path } }))).secret
}

/** Only the newest secret signs from now on. */
export async function retireSecrets(path: AutomationPlace): Promise<void> {
  await answerOf(api.DELETE(`${ONE}/secrets`, { params: { path } }))
}

/** Calls its server once: a signed ping, or Meta's challenge to a Messenger program. */
export function checkAutomation(path: AutomationPlace): Promise<Check> {
  return answerOf(api.POST(`${ONE}/check`, { params: { path } }))
}

/** The newest tries first; `state` null: whatever became of them. */
export function fetchDeliveries(
  path: AutomationPlace,
  { state, cursor, limit }: { state: DeliveryState | null; cursor: string | null; limit: number },
): Promise<DeliveryPage> {
  const query = { limit, ...(state && { state }), ...(cursor !== null && { cursor }) }
  return answerOf(api.GET(`${ONE}/deliveries`, { params: { path, query } }))
}

/** How many will be told once more; null: everything that was given up. */
export async function replayDeliveries(
  path: AutomationPlace,
  event_ids: string[] | null,
): Promise<number> {
  const asked = api.POST(`${ONE}/deliveries/replay`, { params: { path }, body: { event_ids } })
  return (await answerOf(asked)).replayed
}
