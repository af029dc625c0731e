/** Rehearsals: what is tried of a draft, and that only what was tried is switched on. */
import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Rehearsal } from '@/api/splitting'
import RehearsalPanel from '@/components/splitting/RehearsalPanel.vue'
import { newRule } from '@/composables/splitRule'
import { useSplitConfig } from '@/composables/useSplitConfig'
import { useSplitRehearsal } from '@/composables/useSplitRehearsal'
import { useSplitRules } from '@/composables/useSplitRules'
import { useSplitSettings } from '@/composables/useSplitSettings'
import { i18n } from '@/i18n'
import { spelledSeconds } from '@/text/lengths'

import { FakeFeed, FakeServer, problem, within } from './fakes'
import { aFrame } from './samples'
import { aRule, aSplit } from './splittingSamples'

const SPLIT = '/api/v1/bots/b1/split'
const REHEARSAL: Rehearsal = {
  since: '2026-11-15T03:00:00Z',
  until: '2026-11-22T03:00:00Z',
  cut: false,
  arrivals: 10,
  shares: [
    { staff_id: 'lan', name: 'Lan', given: 5, of_all: 0.5, happened: 7 },
    { staff_id: 'minh', name: null, given: 4, of_all: 0.4, happened: 2 },
  ],
  waits: { assigned: 9, at_once: 6, p50_s: 0, p90_s: 95, max_s: 3700 },
  unassigned: { waiting: 1 },
  by_rule: [{ rule_id: 'r1', rule_name: 'Khách hỏi giá', arrivals: 8 }],
  same: 8,
  different: 2,
  differences: [
    { conversation_id: 'c1', at: '2026-11-20T03:00:00Z', happened: 'lan', rehearsed: null, rule_id: 'r1', way: null },
  ],
  assumptions: [{ code: 'first_hands_only', vi: 'Chỉ lần đầu.', en: 'First only.' }],
}

async function trying(server: FakeServer) {
  server.install()
  const feed = new FakeFeed()
  const desk = within(() => {
    const store = useSplitConfig({ botId: 'b1', listen: feed.listen })
    const settings = useSplitSettings(store)
    const rules = useSplitRules(store)
    return { store, settings, rules, rehearsal: useSplitRehearsal({ store, settings, rules }) }
  })
  await flushPromises()
  return { ...desk, feed }
}

function panelOf({ rehearsal, store }: Awaited<ReturnType<typeof trying>>) {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/inbox/:conversationId?', name: 'inbox', component: { template: '<i />' } }],
  })
  return mount(RehearsalPanel, { props: { rehearsal, store }, global: { plugins: [i18n, router] } })
}

test('only the draft is sent beside what is stored, a new rule before the last one', async () => {
  const server = new FakeServer().on(`GET ${SPLIT}`, () => aSplit()).on(`POST ${SPLIT}/rehearsal`, () => REHEARSAL)
  const { rehearsal, rules, settings } = await trying(server)
  await rehearsal.run()
  expect(server.bodies[0]).toEqual({ days: 7, settings: null, rules: null })
  expect(rehearsal.current.value).toBe(true)

  rules.create(newRule('Mới'))
  if (rules.editing.value) rules.editing.value.mode = 'claim'
  if (settings.draft.value) settings.draft.value.time_zone = 'UTC'
  expect([rehearsal.drafted.value, rehearsal.current.value]).toEqual([true, false])
  await rehearsal.run()
  const sent = server.bodies[1] as { settings: unknown; rules: { id: string | null; name: string }[] }
  expect(sent.settings).toEqual({ time_zone: 'UTC' })
  expect(sent.rules.map(({ id, name }) => [id, name])).toEqual([['r1', 'Khách hỏi giá'], [null, 'Mới'], ['last', 'Mặc định']])
})

test('what was rehearsed is switched on with one press, and nothing else', async () => {
  let stored = aSplit()
  const switched: (string | null)[] = []
  const server = new FakeServer()
    .on(`GET ${SPLIT}`, () => stored)
    .on(`POST ${SPLIT}/rehearsal`, () => REHEARSAL)
    .on(`PUT ${SPLIT}`, (request) => {
      switched.push(request.headers.get('If-Match'))
      return aSplit({ ...stored, enabled: true })
    })
  const desk = await trying(server)
  const panel = panelOf(desk)
  expect(panel.find('[data-testid="split-on"]').exists()).toBe(false)
  await panel.get('form').trigger('submit')
  await flushPromises()
  expect(panel.get('[data-testid="rehearsal-summary"]').text()).toContain('10')

  stored = aSplit({ rules: [aRule({ version: 2, mode: 'manual' }), ...stored.rules.slice(1)] })
  desk.feed.say(aFrame({ type: 'bot_changed', conversation_id: null }))
  await flushPromises()
  expect(panel.find('[data-testid="split-on"]').exists()).toBe(false)
  await panel.get('form').trigger('submit')
  await flushPromises()
  await panel.get('[data-testid="split-on"]').trigger('click')
  await flushPromises()
  expect(switched).toEqual(['3'])
  expect(desk.store.config.value?.enabled).toBe(true)
  expect(panel.find('[data-testid="rehearsal-next"]').exists()).toBe(false)
})

test('what somebody has changed a moment ago is not switched on', async () => {
  let stored = aSplit()
  const server = new FakeServer().on(`GET ${SPLIT}`, () => stored).on(`POST ${SPLIT}/rehearsal`, () => REHEARSAL)
  const desk = await trying(server)
  await desk.rehearsal.run()
  const panel = panelOf(desk)
  stored = aSplit({ rules: [aRule({ version: 2 }), ...stored.rules.slice(1)] })
  await panel.get('[data-testid="split-on"]').trigger('click')
  await flushPromises()
  expect(server.asked.some((one) => one.startsWith('PUT'))).toBe(false)
  expect(panel.get('[data-testid="rehearsal-next"]').text()).toBe(i18n.global.t('splitting.rehearsal.changedSince'))
})

test('a table beside each plot says the same', async () => {
  const server = new FakeServer().on(`GET ${SPLIT}`, () => aSplit()).on(`POST ${SPLIT}/rehearsal`, () => REHEARSAL)
  const desk = await trying(server)
  await desk.rehearsal.run()
  const panel = panelOf(desk)
  const figures = panel.findAll('figure')
  expect(figures).toHaveLength(4)
  expect(figures.every((one) => one.find('table').exists() && one.get('.plot').attributes('aria-hidden') === 'true')).toBe(true)
  const shares = panel.get('[data-testid="rehearsal-shares"]').findAll('tbody tr').map((row) => row.text())
  expect(shares).toEqual(['Lan550%7', `${i18n.global.t('people.unnamed')}440%2`])
  expect(panel.text()).toContain('1 phút 35 giây')
  expect(panel.get('[data-testid="rehearsal-waiting"]').text()).toContain('1 hội thoại (10%)')
  expect(figures[3]?.findAll('tbody tr').map((row) => row.text())).toEqual([
    'Khách hỏi giá8',
    `${i18n.global.t('splitting.rehearsal.noRule')}2`,
  ])
})

test('a mistake of the draft is told with the rule that it is in', async () => {
  const errors = [{ field: 'rules.1.when.all.0.value', code: 'values_expected', message: 'Cần từ 1 giá trị.' }]
  const server = new FakeServer()
    .on(`GET ${SPLIT}`, () => aSplit())
    .on(`POST ${SPLIT}/rehearsal`, () =>
      Response.json({ type: 'about:blank', title: '', status: 422, code: 'invalid_input', detail: 'Sai', errors }, { status: 422 }),
    )
  const desk = await trying(server)
  desk.rules.create(newRule('Giờ vàng'))
  if (desk.rules.editing.value) desk.rules.editing.value.enabled = false
  const panel = panelOf(desk)
  await panel.get('form').trigger('submit')
  await flushPromises()
  expect(panel.get('[data-testid="rehearsal-refusal"]').text()).toContain('“Giờ vàng”: Cần từ 1 giá trị.')
})

test('who cannot switch it on is told why', async () => {
  const server = new FakeServer()
    .on(`GET ${SPLIT}`, () => aSplit())
    .on(`POST ${SPLIT}/rehearsal`, () => REHEARSAL)
    .on(`PUT ${SPLIT}`, () => problem(412, 'version_clash', 'Người khác vừa sửa.'))
  const desk = await trying(server)
  await desk.rehearsal.run()
  const panel = panelOf(desk)
  await panel.get('[data-testid="split-on"]').trigger('click')
  await flushPromises()
  expect(panel.get('[role="alert"]').text()).toBe('Người khác vừa sửa.')
  expect(desk.store.config.value?.enabled).toBe(false)
})

test('lengths are told by their two largest units', () => {
  expect(spelledSeconds(0.2, 'vi', 'ngay')).toBe('ngay')
  expect(spelledSeconds(3700, 'vi', 'ngay')).toBe('1 giờ 1 phút')
  expect(spelledSeconds(86_403, 'vi', 'ngay')).toBe('1 ngày')
})
