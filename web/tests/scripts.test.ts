/** Scripts: what is sent of a draft, the editor's preview and saving, the list, and the report. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createI18n } from 'vue-i18n'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Preview, Report, Script, ScriptRow } from '@/api/scripts'
import ScriptListRow from '@/components/scripts/ScriptListRow.vue'
import ScriptReport from '@/components/scripts/ScriptReport.vue'
import SendHours from '@/components/scripts/SendHours.vue'
import StepCard from '@/components/scripts/StepCard.vue'
import {
  bodyOf,
  draftOf,
  moved,
  newScript,
  newStep,
  newTrigger,
  newWeek,
  previewOf,
  withPlaceholder,
} from '@/composables/scriptDraft'
import { useScriptEditor } from '@/composables/useScriptEditor'
import { useScripts } from '@/composables/useScripts'
import english from '@/i18n/en.json'
import vietnamese from '@/i18n/vi.json'
import { elapsed, momentIn } from '@/text/moments'

import { FakeServer, later, problem, within } from './fakes'

const SCRIPTS = '/api/v1/bots/b1/scripts'
const NO_WHEN = { n: null, unit: null, days: null, at: null, attribute: null, yearly: null, past: null }

function aScript(changes: Partial<Script> = {}): Script {
  return {
    id: 's1',
    bot_id: 'b1',
    name: 'Chăm sóc',
    enabled: true,
    steps: [
      {
        id: 'one',
        when: { ...NO_WHEN, kind: 'delay', n: 2, unit: 'day' },
        content: {
          text: 'Chào {{name, bạn}}',
          upload_ids: ['f1'],
          buttons: [{ title: 'Mua', url: 'https://shop.vn', payload: null }],
          quick_replies: [{ title: 'Có', payload: null }],
        },
        enabled: true,
      },
      {
        id: 'two',
        when: { ...NO_WHEN, kind: 'attribute', attribute: 'birthday', days: -3, at: '08:00', yearly: true, past: 'stop' },
        content: { text: 'Sắp sinh nhật', upload_ids: [], buttons: [], quick_replies: [] },
        enabled: false,
      },
    ],
    window: { weekdays: { mon: [{ from: '13:00', to: '20:00' }], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] } },
    stops: { on: ['customer_replies'], tags_added: ['vip'], tags_removed: [] },
    repeat: true,
    outside: 'hold',
    triggers: [{ kind: 'keyword', tag_ids: null, words: ['giá'], crontab: null }],
    warnings: [],
    files: [{ id: 'f1', name: 'gia.pdf', size: 100, kind: 'file', mime: 'application/pdf' }],
    running: 0,
    created_at: '2026-11-22T03:00:00Z',
    version: 4,
    ...changes,
  }
}

function aPreview(changes: Partial<Preview> = {}): Preview {
  return { time_zone: 'Asia/Ho_Chi_Minh', start_at: '2026-11-22T03:00:00Z', steps: [], warnings: [], ...changes }
}

function refused(...fields: { field: string; code: string; message: string }[]): Response {
  const body = { type: 'about:blank', title: '', status: 422, code: 'invalid_input', detail: 'Sai', errors: fields }
  return Response.json(body, { status: 422 })
}

function mounting(locale: 'vi' | 'en' = 'vi') {
  const messages = { vi: vietnamese, en: english }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', name: 'scripts', component: { template: '<i />' } },
      { path: '/:botId/:scriptId', name: 'script', component: { template: '<i />' } },
    ],
  })
  return { plugins: [createI18n({ legacy: false, locale, messages }), router] }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('what was read is sent back as it was', () => {
  const script = aScript()
  const { name, enabled, steps, window, stops, repeat, outside, triggers } = script
  expect(bodyOf(draftOf(script))).toEqual({ name, enabled, steps, window, stops, repeat, outside, triggers })
})

test('a step sends only what its kind needs, and keeps the rest for when it is chosen again', () => {
  const step = newStep()
  Object.assign(step.when, { n: 5, clock: '07:30', moment: '2026-12-24T09:00', goOn: true })
  const sent = (kind: typeof step.when.kind) => {
    step.when.kind = kind
    const [first] = bodyOf({ ...newScript(), steps: [step] }).steps
    return Object.fromEntries(Object.entries(first?.when ?? {}).filter(([, value]) => value !== null))
  }
  expect(sent('clock')).toEqual({ kind: 'clock', days: 1, at: '07:30' })
  expect(sent('fixed')).toEqual({ kind: 'fixed', at: '2026-12-24T09:00', past: 'go_on' })
  expect(sent('delay')).toEqual({ kind: 'delay', n: 5, unit: 'hour' })
})

test('a step that says nothing yet does not stand in the way of the preview', () => {
  const draft = newScript()
  expect(bodyOf(draft).steps[0]?.enabled).toBe(true)
  expect(previewOf(draft).steps[0]?.enabled).toBe(false)
  expect(previewOf(draft).name).not.toBe('')
})

test('steps move, and stay where there is no such place', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
  expect(moved(['a', 'b'], 1, 2)).toEqual(['a', 'b'])
})

test('a placeholder goes where the caret is', () => {
  const put = withPlaceholder('Chào  nhé', 'name', { start: 5, end: 5, fallback: 'bạn' })
  expect(put).toEqual({ text: 'Chào {{name, bạn}} nhé', caret: 18 })
  expect(withPlaceholder('Gọi số', 'phone', { start: 4, end: 6, fallback: '' }).text).toBe('Gọi {{phone}}')
})

test('times are told on the clock of the bot, and how long after the step before', () => {
  expect(momentIn('2026-11-23T06:00:00Z', 'Asia/Ho_Chi_Minh', 'vi')).toMatch(/^13:00 .*23\/11\/2026/u)
  expect(momentIn('2026-11-23T06:00:00Z', 'Europe/Berlin', 'en-GB')).toContain('07:00')
  const start = '2026-11-22T03:00:00Z'
  expect(elapsed(start, '2026-11-23T06:00:00Z', 'vi', 'ngay')).toBe('+1 ngày 3 giờ')
  expect(elapsed(start, start, 'vi', 'ngay')).toBe('ngay')
})

test('the editor shows times and warnings while one writes, and asks once for what comes together', async () => {
  const warning = { place: 0, code: 'outside_window', channel: 'facebook' as const, text: { vi: 'Quá hạn', en: 'Over' } }
  const server = new FakeServer()
    .on(`GET ${SCRIPTS}/s1`, () => aScript())
    .on(`POST ${SCRIPTS}/preview`, () =>
      aPreview({ steps: [{ place: 0, at: '2026-11-24T03:00:00Z', reason: null }], warnings: [warning] }),
    )
    .install()
  const { draft, dirty, times, warnings } = within(() => useScriptEditor({ botId: 'b1', scriptId: 's1' }))
  await flushPromises()
  expect(dirty.value).toBe(false)

  for (const text of ['a', 'ab', 'abc']) if (draft.value.steps[0]) draft.value.steps[0].text = text
  await vi.advanceTimersByTimeAsync(500)

  expect(dirty.value).toBe(true)
  expect(times.value).toHaveLength(1)
  expect(warnings.value).toEqual([warning])
  expect(server.asked.filter((one) => one.endsWith('/preview'))).toHaveLength(1)
  expect(server.bodies.at(-1)).toMatchObject({ script: { steps: [{ content: { text: 'abc' } }, {}] } })
})

test('what is unfinished is not called wrong before somebody tries to save', async () => {
  const unknown = { field: 'steps.0.content.text', code: 'unknown_placeholder', message: 'Không có biến' }
  const missing = { field: 'steps.0.when.at', code: 'no_moment', message: 'Thời điểm' }
  new FakeServer()
    .on(`POST ${SCRIPTS}/preview`, () => refused(unknown, missing))
    .on(`POST ${SCRIPTS}`, () => refused(unknown, missing))
    .install()
  const editor = within(() => useScriptEditor({ botId: 'b1', scriptId: null }))
  await vi.advanceTimersByTimeAsync(500)
  expect(editor.errors.value).toEqual({ [unknown.field]: 'Không có biến' })

  expect(await editor.save()).toBeNull()

  expect(editor.errors.value).toEqual({ [unknown.field]: 'Không có biến', [missing.field]: 'Thời điểm' })
  expect(editor.refusal.value?.status).toBe(422)
  expect(editor.dirty.value).toBe(false)
})

test('saving sends the version that was read; new steps get their ids and stay where they are', async () => {
  let version: string | null = null
  const server = new FakeServer()
    .on(`GET ${SCRIPTS}/s1`, () => aScript({ steps: [] }))
    .on(`POST ${SCRIPTS}/preview`, () => aPreview())
    .on(`PATCH ${SCRIPTS}/s1`, (request) => {
      version = request.headers.get('If-Match')
      return aScript({ version: 5 })
    })
    .install()
  const { draft, dirty, save, saved } = within(() => useScriptEditor({ botId: 'b1', scriptId: 's1' }))
  await flushPromises()
  draft.value.steps = [newStep(), newStep()]
  const keys = draft.value.steps.map(({ key }) => key)

  await save()

  expect(version).toBe('4')
  expect(server.bodies.at(-1)).toMatchObject({ steps: [{ id: null }, { id: null }] })
  expect(draft.value.steps.map(({ id }) => id)).toEqual(['one', 'two'])
  expect(draft.value.steps.map(({ key }) => key)).toEqual(keys)
  expect(saved.value?.version).toBe(5)
  expect(dirty.value).toBe(false)
})

test('what is written while it is being saved is still to be saved, and steps keep their ids', async () => {
  const answer = later<Script>()
  new FakeServer()
    .on(`GET ${SCRIPTS}/s1`, () => aScript({ steps: [] }))
    .on(`POST ${SCRIPTS}/preview`, () => aPreview())
    .on(`PATCH ${SCRIPTS}/s1`, () => answer.promise)
    .install()
  const { draft, dirty, save } = within(() => useScriptEditor({ botId: 'b1', scriptId: 's1' }))
  await flushPromises()
  const [one, two] = [newStep(), newStep()]
  draft.value.steps = [one, two]

  const saving = save()
  draft.value.steps = [two, one]
  draft.value.name = 'Tên viết thêm'
  answer.give(aScript({ version: 5 }))
  await saving

  expect(draft.value.steps.map(({ id }) => id)).toEqual(['two', 'one'])
  expect(dirty.value).toBe(true)
})

test('a new one that was saved can be read again', async () => {
  const server = new FakeServer()
    .on(`POST ${SCRIPTS}`, () => aScript())
    .on(`GET ${SCRIPTS}/s1`, () => aScript({ name: 'Của người khác', version: 9 }))
    .on(`POST ${SCRIPTS}/preview`, () => aPreview())
    .install()
  const { draft, save, load } = within(() => useScriptEditor({ botId: 'b1', scriptId: null }))
  await save()

  await load()

  expect(server.asked).toContain(`GET ${SCRIPTS}/s1`)
  expect(draft.value.name).toBe('Của người khác')
})

test('somebody else has saved meanwhile: nothing is lost, and it can be read again', async () => {
  let name = 'Cũ'
  new FakeServer()
    .on(`GET ${SCRIPTS}/s1`, () => aScript({ name }))
    .on(`POST ${SCRIPTS}/preview`, () => aPreview())
    .on(`PATCH ${SCRIPTS}/s1`, () => problem(412, 'version_clash', 'Người khác vừa sửa'))
    .install()
  const { draft, save, refusal, dirty, load } = within(() => useScriptEditor({ botId: 'b1', scriptId: 's1' }))
  await flushPromises()
  draft.value.name = 'Của tôi'
  await save()
  expect(refusal.value?.status).toBe(412)
  expect([draft.value.name, dirty.value]).toEqual(['Của tôi', true])

  name = 'Của họ'
  await load()

  expect([draft.value.name, dirty.value, refusal.value]).toEqual(['Của họ', false, null])
})

test.each([
  [404, 'missing'],
  [503, 'failed'],
])('a script that cannot be read: %i', async (status, state) => {
  new FakeServer().on(`GET ${SCRIPTS}/s1`, () => problem(status, 'x')).install()
  const editor = within(() => useScriptEditor({ botId: 'b1', scriptId: 's1' }))
  await flushPromises()
  expect(editor.state.value).toBe(state)
})

const ROW: ScriptRow = {
  id: 's1', name: 'Chăm sóc', enabled: false, attachable: false, steps: 2, running: 7,
  has_triggers: true, created_at: '2026-11-22T03:00:00Z', version: 4,
}

test('the list follows what was done, and tells what was refused', async () => {
  let rows = [ROW]
  const server = new FakeServer()
    .on(`GET ${SCRIPTS}`, () => ({ items: rows, next_cursor: null }))
    .on(`PATCH ${SCRIPTS}/s1`, () => refused({ field: 'steps', code: 'nothing_to_send', message: 'Cần một bước' }))
    .on(`DELETE ${SCRIPTS}/s1`, () => {
      rows = []
      return new Response(null, { status: 204 })
    })
    .install()
  const list = within(() => useScripts(() => 'b1'))
  await flushPromises()

  await list.turn(ROW, true)
  expect(list.refusal.value?.fields[0]?.message).toBe('Cần một bước')
  expect(server.bodies).toEqual([{ enabled: true }])
  expect(list.scripts.value).toEqual([ROW])

  await list.remove(ROW)
  expect(list.scripts.value).toEqual([])
  expect(list.busy.value).toBe(false)
})

test('an answer for a bot that is not chosen any more is dropped', async () => {
  const slow = later<unknown>()
  new FakeServer()
    .on(`GET ${SCRIPTS}`, () => slow.promise)
    .on('GET /api/v1/bots/b2/scripts', () => ({ items: [{ ...ROW, id: 'of b2' }], next_cursor: null }))
    .install()
  let bot = 'b1'
  const list = within(() => useScripts(() => bot))
  bot = 'b2'
  await list.load()
  slow.give({ items: [ROW], next_cursor: null })
  await flushPromises()
  expect(list.scripts.value.map(({ id }) => id)).toEqual(['of b2'])
})

test('deleting asks first and says for how many it stops', async () => {
  const row = mount(ScriptListRow, { props: { script: ROW, botId: 'b1', busy: false }, global: mounting(), attachTo: document.body })
  await row.get('[data-testid="script-delete"]').trigger('click')
  await flushPromises()

  expect(row.text()).toContain('7 khách đang chạy sẽ dừng')
  expect(document.activeElement?.getAttribute('data-testid')).toBe('script-keep')
  expect(row.emitted('remove')).toBeUndefined()
  await row.get('[data-testid="script-delete-yes"]').trigger('click')
  expect(row.emitted('remove')).toHaveLength(1)
  row.unmount()
})

function card(locale: 'vi' | 'en' = 'vi') {
  const [step = newStep()] = draftOf(aScript()).steps
  return mount(StepCard, {
    props: {
      modelValue: step,
      place: 0,
      count: 2,
      dates: [],
      errors: { 'when.n': 'Tối đa 730 ngày.', 'content.text': 'Không có biến “tên”.' },
      warnings: [{ place: 0, code: 'billed', channel: 'zalo', text: { vi: 'Zalo tính phí', en: 'Zalo charges' } }],
    },
    global: mounting(locale),
  })
}

test('a step shows what is wrong beside it, its warnings, its files and its length', () => {
  const shown = card()
  expect(shown.get('[data-testid="when-wrong"]').text()).toBe('Tối đa 730 ngày.')
  expect(shown.get('[data-testid="when-n"]').attributes('aria-invalid')).toBe('true')
  expect(shown.get('[data-testid="content-wrong"]').text()).toContain('“tên”')
  expect(shown.get('[data-testid="step-warning"]').text()).toBe('Zalo tính phí')
  expect(shown.get('[data-testid="composer-file"]').text()).toContain('gia.pdf')
  expect(shown.get('[data-testid="step-counter"]').text()).toBe('18/2000 ký tự')
  expect(card('en').get('[data-testid="step-warning"]').text()).toBe('Zalo charges')
})

test('a step is moved by its buttons too; the first cannot go further up', async () => {
  const shown = card()
  expect(shown.get('[data-testid="step-up"]').attributes('disabled')).toBeDefined()
  await shown.get('[data-testid="step-down"]').trigger('click')
  expect(shown.emitted('move')).toEqual([[1]])
})

test('hours are switched on with every day, and one day is copied to all', async () => {
  const week = newWeek()
  week.mon = [{ from: '13:00', to: '20:00' }]
  const shown = mount(SendHours, {
    props: { modelValue: week, errors: { 'weekdays.tue': 'Chồng lên nhau' } },
    global: mounting(),
  })
  expect(shown.get('[data-testid="hours-tue"]').text()).toContain('Chồng lên nhau')
  await shown.get('[data-testid="hours-mon"] .text-button').trigger('click')
  expect(week.sun).toEqual([{ from: '13:00', to: '20:00' }])
  await shown.get('[data-testid="hours-on"]').setValue(false)
  expect(shown.emitted('update:modelValue')).toEqual([[null]])
})

test('a trigger has the fields of its kind', () => {
  expect(newTrigger('cron')).toEqual({ kind: 'cron', tag_ids: [], words: null, crontab: '0 9 * * mon' })
  expect(newTrigger('first_message')).toEqual({ kind: 'first_message', tag_ids: null, words: null, crontab: null })
})

test('the report shows the numbers, why scripts stopped, and each step as a bar', async () => {
  const report: Report = {
    enrolled: 10, active: 4, paused: 1, done: 2,
    stopped: { customer_replied: 2, something_new: 1 },
    steps: [
      { step_id: 'one', removed: false, sent: 5, waiting: 0, uncertain: 0, failed: 1, skipped: { window: 2 } },
      { step_id: 'gone', removed: true, sent: 0, waiting: 0, uncertain: 0, failed: 0, skipped: {} },
    ],
  }
  new FakeServer().on(`GET ${SCRIPTS}/s1/report`, () => report).install()
  const props = { botId: 'b1', scriptId: 's1', stepIds: ['two', 'one'] }
  const shown = mount(ScriptReport, { props, global: mounting() })
  await flushPromises()

  expect(shown.get('[data-testid="report-enrolled"]').text()).toBe('10')
  expect(shown.get('[data-testid="report-stopped"]').text()).toBe('3')
  expect(shown.text()).toContain('Khách trả lời: 2')
  expect(shown.text()).toContain('something_new: 1')
  const [step, removed] = shown.findAll('[data-testid="report-step"]')
  expect(step?.text()).toContain('Bước 2')
  expect(step?.text()).toContain('Đã gửi: 5')
  expect(step?.text()).toContain('ngoài khung cho phép của kênh: 2')
  expect(step?.find('[data-bar="sent"]').attributes('style')).toContain('50%')
  expect(removed?.text()).toContain('Bước đã xoá')
  expect(step?.get('[data-testid="report-reached"]').text()).toMatch(/^5\/10 khách đã nhận \(50/u)
  const row = shown.get('[data-testid="report-table"] tbody tr')
  expect(row.get('th').text()).toBe('Bước 2')
  expect(row.findAll('td').slice(1).map((cell) => cell.text())).toEqual(['5', '0', '0', '1', '2'])
})
