/** Trying a script: placeholders filled in as the server does, and the conversation of an invented customer. */
import { mount } from '@vue/test-utils'
import { beforeEach, expect, test, vi } from 'vitest'
import { createI18n } from 'vue-i18n'

import type { StepTime, StepWarning } from '@/api/scripts'
import ScriptTabs from '@/components/scripts/ScriptTabs.vue'
import ScriptTrial from '@/components/scripts/ScriptTrial.vue'
import { newScript, newStep, newWeek, type ScriptDraft, type StepDraft } from '@/composables/scriptDraft'
import { INVENTED, trialOf, valuesOf } from '@/composables/scriptTrial'
import english from '@/i18n/en.json'
import vietnamese from '@/i18n/vi.json'
import { momentOf, nextHour, wallClock } from '@/text/moments'
import { filled, givenName, unfilled } from '@/text/placeholders'

const ZONE = 'Asia/Ho_Chi_Minh'
const START = '2026-11-22T03:00:00Z' // ten o'clock there
const LAN = valuesOf({ ...INVENTED, email: ' ' }, 'Shop Hoa')

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-22T02:15:00Z'), toFake: ['Date'] })
  return () => vi.useRealTimers()
})

test.each([
  ['Chào {{name}}', 'Chào Nguyễn Thị Lan'],
  ['Chào {{ given_name , bạn }}!', 'Chào Lan!'],
  ['Mail {{email, chưa có}}', 'Mail chưa có'],
  ['Mail {{email}}.', 'Mail .'],
  ['{{agent, em}} của {{shop}}: {{phone}}', 'em của Shop Hoa: 0912345678'],
  ['{{email, chị, em}}', 'chị, em'],
  ['{{constructor}}{{tên, ạ}} {{ {name} }}', 'ạ {{ {name} }}'],
])('%s is filled in as the server does', (text, shown) => {
  expect(filled(text, LAN)).toBe(shown)
})

test('a name that looks like a placeholder stays as it is', () => {
  expect(filled('Chào {{name}}', valuesOf({ ...INVENTED, name: '{{phone}}' }, ''))).toBe('Chào {{phone}}')
})

test('somebody is called by the last word of the name, and by nothing without one', () => {
  expect(givenName(' Nguyễn  Thị Hồng Ánh ')).toBe('Ánh')
  expect(givenName('  ')).toBe('')
})

test('holes are named once, and not where a default stands in', () => {
  expect(unfilled('{{email}} {{email}} {{agent, em}} {{name}}', LAN)).toEqual(['email'])
})

test('a moment is read and written on the clock of the bot, and begins at a whole hour', () => {
  expect(wallClock(START, ZONE)).toBe('2026-11-22T10:00')
  expect(momentOf('2026-11-22T10:00', ZONE)).toBe('2026-11-22T03:00:00.000Z')
  expect(momentOf('2026-03-29T03:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z')
  expect(momentOf('', ZONE)).toBeNull()
  expect(nextHour(new Date('2026-11-22T02:15:00Z'))).toBe('2026-11-22T03:00:00.000Z')
})

function aStep(text: string, changes: Partial<StepDraft> = {}): StepDraft {
  return { ...newStep(), text, ...changes }
}

function aDraft(...steps: StepDraft[]): ScriptDraft {
  return { ...newScript(), steps }
}

function tried(draft: ScriptDraft, times: StepTime[], warnings: StepWarning[] = []) {
  return trialOf({ draft, times, warnings, timeZone: ZONE, startAt: START, customer: INVENTED, shop: '' })
}

test('a step that the hours of sending held back says so; one on time does not', () => {
  const draft = aDraft(aStep('a'), aStep('b'))
  const times = [
    { place: 0, at: '2026-11-22T04:00:00Z', reason: null },
    { place: 1, at: '2026-11-23T01:00:00Z', reason: null },
  ]
  expect(tried(draft, times).map(({ deferred }) => deferred)).toEqual([false, false])
  draft.window = newWeek()
  expect(tried(draft, times).map(({ deferred }) => deferred)).toEqual([false, true])
})

test('steps that are off or say nothing are left out of the counting', () => {
  const draft = aDraft(aStep('tắt', { enabled: false }), aStep(' '), aStep('đầu'), aStep('sau'))
  const steps = tried(draft, [{ place: 2, at: null, reason: 'no_date' }, { place: 3, at: null, reason: null }])
  expect(steps.map(({ state }) => state)).toEqual(['off', 'empty', 'never', 'never'])
  expect(steps.map(({ first }) => first)).toEqual([true, true, true, false])
})

function shown(draft: ScriptDraft, { times = [] as StepTime[], warnings = [] as StepWarning[], locale = 'vi' } = {}) {
  const messages = { vi: vietnamese, en: english }
  return mount(ScriptTrial, {
    props: { botId: 'b1', draft, times, warnings, timeZone: ZONE, wrong: false, dates: [], modelValue: START },
    global: { plugins: [createI18n({ legacy: false, locale, messages })] },
  })
}

const RICH = aStep('Chào {{given_name, bạn}}, số {{phone}}', {
  files: [{ id: 'f1', name: 'gia.pdf', size: 9, kind: 'file', mime: 'application/pdf' }],
  buttons: [{ title: 'Mua', url: 'https://shop.vn', payload: null }],
  quickReplies: [{ title: 'Có', payload: null }],
})

test('a step stands as the customer gets it, with its time, why, and what it will miss', () => {
  const times = [{ place: 0, at: '2026-11-22T04:00:00Z', reason: null }]
  const warning = { place: 0, code: 'outside_window', channel: 'facebook' as const, text: { vi: 'Quá hạn', en: 'Over' } }
  const page = shown(aDraft(RICH), { times, warnings: [warning] })
  expect(page.get('[data-testid="trial-bubble"]').text()).toContain('Chào Lan, số 0912345678')
  expect(page.get('[data-testid="trial-file"]').text()).toBe('Tệp: gia.pdf')
  expect(page.get('[data-testid="trial-button"]').text()).toBe('Mua')
  expect(page.get('[data-testid="trial-quick"]').text()).toBe('Có')
  expect(page.get('[data-testid="trial-time"]').text()).toMatch(/^11:00 .*22\/11\/2026/u)
  expect(page.get('[data-testid="trial-why"]').text()).toBe('1 giờ sau khi gắn kịch bản.')
  expect(page.get('[data-testid="trial-warning"]').text()).toBe('Quá hạn')
  expect(shown(aDraft(RICH), { times, warnings: [warning], locale: 'en' }).text()).toContain('1 hour after the script')
})

test('what is typed is in the bubbles at once; what is missing is named', async () => {
  const page = shown(aDraft(RICH, aStep('{{email}}')))
  await page.get('[data-testid="trial-name"]').setValue('')
  await page.get('[data-testid="trial-phone"]').setValue('')
  await page.get('[data-testid="trial-email"]').setValue('')
  expect(page.get('[data-testid="trial-bubble"]').text()).toContain('Chào bạn, số')
  expect(page.get('[data-testid="trial-holes"]').text()).toContain('Số điện thoại')
  expect(page.findAll('[data-testid="trial-nothing"]')).toHaveLength(1)
  expect(page.get('[data-testid="trial-unsent"]').text()).toBe('chưa tính được giờ gửi')
})

test('the start is on the clock of the bot, and asks for other times when it is changed', async () => {
  const page = shown(aDraft(RICH))
  const start = page.get<HTMLInputElement>('[data-testid="trial-start"]')
  expect(start.element.value).toBe('2026-11-22T10:00')
  start.element.value = '2026-11-23T08:00'
  await start.trigger('change')
  expect(page.emitted('update:modelValue')).toEqual([['2026-11-23T01:00:00.000Z']])
})

test('arrow keys go around the tabs', async () => {
  const i18n = createI18n({ legacy: false, locale: 'vi', messages: { vi: vietnamese } })
  const page = mount(ScriptTabs, {
    props: { tabs: ['write', 'try', 'report'], modelValue: 'report' },
    global: { plugins: [i18n] },
  })
  await page.get('[role="tablist"]').trigger('keydown', { key: 'ArrowRight' })
  await page.get('[role="tablist"]').trigger('keydown', { key: 'ArrowLeft' })
  expect(page.emitted('update:modelValue')).toEqual([['write'], ['report']])
})
