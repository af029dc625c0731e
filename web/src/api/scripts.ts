/** The timed scripts of a bot. */
import { answerOf, api } from '@/api/client'
import { everything } from '@/api/paging'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Script = Schemas['ScriptView']
export type ScriptRow = Schemas['ScriptRowView']
export type ScriptBody = Schemas['ScriptBody']
export type ScriptStep = Schemas['StepBody']
export type When = Schemas['WhenBody']
export type Trigger = Schemas['TriggerBody']
export type ScriptFile = Schemas['ScriptFileView']
export type StepWarning = Schemas['StepWarningView']
export type StepTime = Schemas['StepTimeView']
export type Preview = Schemas['PreviewView']
export type Report = Schemas['ReportView']
export type StepReport = Schemas['StepReportView']

const SCRIPT = '/api/v1/bots/{bot_id}/scripts/{script_id}'

/** In the order in which they were made; all of them, for a bot has some dozens. */
export function fetchScripts(bot_id: string): Promise<ScriptRow[]> {
  const path = { bot_id }
  return everything(
    (query) => answerOf(api.GET('/api/v1/bots/{bot_id}/scripts', { params: { path, query } })),
    200,
  )
}

export function fetchScript(bot_id: string, script_id: string): Promise<Script> {
  return answerOf(api.GET(SCRIPT, { params: { path: { bot_id, script_id } } }))
}

export function addScript(bot_id: string, body: ScriptBody): Promise<Script> {
  return answerOf(api.POST('/api/v1/bots/{bot_id}/scripts', { params: { path: { bot_id } }, body }))
}

/** Only while nobody has changed it since `version`: 412 otherwise. */
export function changeScript(
  bot_id: string,
  { id, version }: { id: string; version: number },
  body: Partial<ScriptBody>,
): Promise<Script> {
  const params = { path: { bot_id, script_id: id }, header: { 'If-Match': String(version) } }
  return answerOf(api.PATCH(SCRIPT, { params, body: body as Schemas['ScriptEditBody'] }))
}

/** Stops it for everybody who is on it. */
export async function deleteScript(bot_id: string, script_id: string): Promise<void> {
  await answerOf(api.DELETE(SCRIPT, { params: { path: { bot_id, script_id } } }))
}

export function cloneScript(bot_id: string, script_id: string): Promise<Script> {
  return answerOf(api.POST(`${SCRIPT}/clone`, { params: { path: { bot_id, script_id } } }))
}

export function fetchReport(bot_id: string, script_id: string): Promise<Report> {
  return answerOf(api.GET(`${SCRIPT}/report`, { params: { path: { bot_id, script_id } } }))
}

/** When the steps would go out, and what will not work; 422 as saving would be. */
export function previewScript(
  bot_id: string,
  script: ScriptBody,
  { start_at, signal }: { start_at: string | null; signal: AbortSignal },
): Promise<Preview> {
  return answerOf(
    api.POST('/api/v1/bots/{bot_id}/scripts/preview', {
      params: { path: { bot_id } },
      body: { script, start_at, customer_id: null },
      signal,
    }),
  )
}
