/** A script as an invented customer would get it: filled in and timed, with nothing sent or kept. */
import type { ScriptFile, StepTime, StepWarning } from '@/api/scripts'
import type { Button, QuickReply, ScriptDraft, StepDraft, WhenDraft } from '@/composables/scriptDraft'
import { wallClock } from '@/text/moments'
import { filled, givenName, unfilled, type Values } from '@/text/placeholders'

export interface InventedCustomer {
  name: string
  phone: string
  email: string
  /** Who looks after the conversation; empty while nobody does. */
  agent: string
}

export const INVENTED: Readonly<InventedCustomer> = {
  name: 'Nguyễn Thị Lan',
  phone: '0912345678',
  email: 'lan.nguyen@example.com',
  agent: '',
}

/** `off` and `empty` are left out; `untimed` while the times are not known; `never` when it cannot go out. */
export type TrialState = 'timed' | 'untimed' | 'never' | 'off' | 'empty'

export interface TrialStep {
  key: string
  place: number
  state: TrialState
  /** As the customer reads it. */
  text: string
  /** What it names and the customer has not. */
  holes: string[]
  files: readonly ScriptFile[]
  buttons: readonly Button[]
  quickReplies: readonly QuickReply[]
  when: WhenDraft
  /** Whether its time counts from the start, not from the step before. */
  first: boolean
  at: string | null
  reason: StepTime['reason']
  /** Whether it waits for the hours of sending. */
  deferred: boolean
  warnings: StepWarning[]
}

export interface Trial {
  draft: ScriptDraft
  times: readonly StepTime[]
  warnings: readonly StepWarning[]
  timeZone: string
  startAt: string
  customer: InventedCustomer
  shop: string
}

const UNIT_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

export function valuesOf(customer: InventedCustomer, shop: string): Values {
  return new Map([
    ['name', customer.name.trim()],
    ['given_name', givenName(customer.name)],
    ['phone', customer.phone.trim()],
    ['email', customer.email.trim()],
    ['agent', customer.agent.trim()],
    ['shop', shop],
  ])
}

export function trialOf({ draft, times, warnings, timeZone, startAt, customer, shop }: Trial): TrialStep[] {
  const values = valuesOf(customer, shop)
  let base = startAt
  let first = true
  return draft.steps.map((step, place) => {
    const time = times.find((one) => one.place === place)
    const state = stateOf(step, time)
    const at = state === 'timed' ? (time?.at ?? null) : null
    const shown = {
      key: step.key,
      place,
      state,
      text: filled(step.text, values),
      holes: unfilled(step.text, values),
      files: step.files,
      buttons: step.buttons,
      quickReplies: step.quickReplies,
      when: step.when,
      first,
      at,
      reason: time?.reason ?? null,
      deferred: draft.window !== null && at !== null && isLater(step.when, { base, at, timeZone }),
      warnings: warnings.filter((one) => one.place === place),
    }
    base = at ?? base
    first &&= state === 'off' || state === 'empty'
    return shown
  })
}

function stateOf(step: StepDraft, time: StepTime | undefined): TrialState {
  if (!step.enabled) return 'off'
  if (step.text.trim() === '' && step.files.length === 0) return 'empty'
  if (time === undefined) return 'untimed'
  return time.at === null ? 'never' : 'timed'
}

/** Whether it goes out later than it says itself: the hours of sending were closed. */
function isLater(when: WhenDraft, { base, at, timeZone }: { base: string; at: string; timeZone: string }): boolean {
  if (when.kind === 'delay') {
    return Date.parse(at) - Date.parse(base) - when.n * UNIT_MS[when.unit] >= UNIT_MS.minute
  }
  return when.kind === 'clock' && !wallClock(at, timeZone).endsWith(when.clock)
}
