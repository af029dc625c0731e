/** A script while it is written: the same as what is sent, with what the fields need besides. */
import type { Script, ScriptBody, ScriptFile, ScriptStep, Trigger, When } from '@/api/scripts'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

export const KINDS: readonly When['kind'][] = ['delay', 'clock', 'fixed', 'attribute']
export const UNITS = ['second', 'minute', 'hour', 'day'] as const
export const PLACEHOLDERS = ['name', 'given_name', 'phone', 'email', 'agent', 'shop'] as const
export const LONGEST_TEXT = 2000 // characters, as the API has it
export const MOST_STEPS = 50

/** The parts of a script's page. */
export type ScriptTab = 'write' | 'try' | 'report'

/** Every kind keeps its values while another one is chosen. */
export interface WhenDraft {
  kind: When['kind']
  n: number
  unit: (typeof UNITS)[number]
  days: number
  /** "09:00" */
  clock: string
  /** "2026-12-24T09:00", on the clock of the bot. */
  moment: string
  attribute: string
  yearly: boolean
  goOn: boolean
}

export type Button = ScriptStep['content']['buttons'][number]
export type QuickReply = ScriptStep['content']['quick_replies'][number]

/** `key` stays while the page is open; `id` is null until the step is saved. */
export interface StepDraft {
  key: string
  id: string | null
  when: WhenDraft
  text: string
  /** What the server has of them, by the ids in `uploadIds`. */
  files: ScriptFile[]
  uploadIds: string[]
  buttons: Button[]
  quickReplies: QuickReply[]
  enabled: boolean
}

export interface Span {
  from: string
  to: string
}

export type Week = Record<Weekday, Span[]>

export interface ScriptDraft {
  name: string
  enabled: boolean
  steps: StepDraft[]
  /** null: any time */
  window: Week | null
  stops: ScriptBody['stops']
  repeat: boolean
  outside: ScriptBody['outside']
  triggers: Trigger[]
}

export function newStep(): StepDraft {
  return {
    key: crypto.randomUUID(),
    id: null,
    when: newWhen(),
    text: '',
    files: [],
    uploadIds: [],
    buttons: [],
    quickReplies: [],
    enabled: true,
  }
}

function newWhen(): WhenDraft {
  return {
    kind: 'delay',
    n: 1,
    unit: 'hour',
    days: 1,
    clock: '09:00',
    moment: '',
    attribute: 'birthday',
    yearly: true,
    goOn: false,
  }
}

export function newScript(): ScriptDraft {
  return {
    name: '',
    enabled: false,
    steps: [newStep()],
    window: null,
    stops: { on: ['customer_replies'], tags_added: [], tags_removed: [] },
    repeat: false,
    outside: 'skip',
    triggers: [],
  }
}

/** Every day from eight to eight, to begin with. */
export function newWeek(): Week {
  return week(() => [{ from: '08:00', to: '20:00' }])
}

export function newTrigger(kind: Trigger['kind']): Trigger {
  return {
    kind,
    tag_ids: kind === 'tag_added' || kind === 'cron' ? [] : null,
    words: kind === 'keyword' ? [] : null,
    crontab: kind === 'cron' ? '0 9 * * mon' : null,
  }
}

function week(spans: (day: Weekday) => Span[]): Week {
  return Object.fromEntries(WEEKDAYS.map((day) => [day, spans(day)])) as Week
}

export function draftOf(script: Script): ScriptDraft {
  const shown = script.window?.weekdays ?? null
  return {
    name: script.name,
    enabled: script.enabled,
    steps: script.steps.map((step) => ({
      key: step.id,
      id: step.id,
      when: whenDraft(step.when),
      text: step.content.text ?? '',
      files: script.files.filter(({ id }) => step.content.upload_ids.includes(id)),
      uploadIds: [...step.content.upload_ids],
      buttons: step.content.buttons.map((one) => ({ ...one })),
      quickReplies: step.content.quick_replies.map((one) => ({ ...one })),
      enabled: step.enabled,
    })),
    window:
      shown && week((day) => (shown[day] ?? []).map(({ from = '', to = '' }) => ({ from, to }))),
    stops: structuredClone(script.stops),
    repeat: script.repeat,
    outside: script.outside,
    triggers: structuredClone(script.triggers),
  }
}

function whenDraft(when: When): WhenDraft {
  const draft = newWhen()
  draft.kind = when.kind
  draft.n = when.n ?? draft.n
  draft.unit = when.unit ?? draft.unit
  draft.days = when.days ?? draft.days
  if (when.kind === 'fixed') draft.moment = when.at ?? ''
  else draft.clock = when.at ?? draft.clock
  draft.attribute = when.attribute ?? draft.attribute
  draft.yearly = when.kind === 'attribute' ? (when.yearly ?? false) : draft.yearly
  draft.goOn = when.past === 'go_on'
  return draft
}

export function bodyOf(draft: ScriptDraft): ScriptBody {
  return {
    name: draft.name,
    enabled: draft.enabled,
    steps: draft.steps.map((step) => ({
      id: step.id,
      when: whenOf(step.when),
      content: {
        text: step.text.trim() === '' ? null : step.text,
        upload_ids: [...step.uploadIds],
        buttons: step.buttons.map((one) => ({ ...one })),
        quick_replies: step.quickReplies.map((one) => ({ ...one })),
      },
      enabled: step.enabled,
    })),
    window: draft.window && { weekdays: plain(draft.window) },
    stops: plain(draft.stops),
    repeat: draft.repeat,
    outside: draft.outside,
    triggers: plain(draft.triggers),
  }
}

/** What of it can be shown already: a step that says nothing yet counts as switched off. */
export function previewOf(draft: ScriptDraft): ScriptBody {
  const body = bodyOf(draft)
  for (const step of body.steps) {
    const { text, upload_ids: files } = step.content
    if (text === null && files.length === 0) step.enabled = false
  }
  return { ...body, name: body.name.trim() === '' ? '-' : body.name }
}

function whenOf({ kind, n, unit, days, clock, moment, attribute, yearly, goOn }: WhenDraft): When {
  const past = goOn ? ('go_on' as const) : ('stop' as const)
  const none: When = {
    kind, n: null, unit: null, days: null, at: null, attribute: null, yearly: null, past: null,
  }
  switch (kind) {
    case 'delay':
      return { ...none, n, unit }
    case 'clock':
      return { ...none, days, at: clock }
    case 'fixed':
      return { ...none, at: moment, past }
    case 'attribute':
      return { ...none, attribute, days, at: clock, yearly, past }
  }
}

/** A copy that is not watched by Vue. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** `items` with the one at `from` put at `to`; the same when there is no such place. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const result = [...items]
  if (from < 0 || from >= items.length || to < 0 || to >= items.length) return result
  result.splice(to, 0, ...result.splice(from, 1))
  return result
}

/** `text` with a placeholder put in place of what is selected, and where the caret is then. */
export function withPlaceholder(
  text: string,
  name: string,
  { start, end, fallback }: { start: number; end: number; fallback: string },
): { text: string; caret: number } {
  const put = fallback === '' ? `{{${name}}}` : `{{${name}, ${fallback}}}`
  return { text: text.slice(0, start) + put + text.slice(end), caret: start + put.length }
}
