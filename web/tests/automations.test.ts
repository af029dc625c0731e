/** Automations: made and changed, their secrets shown once, their log, and the way back to them. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Automation, Delivery } from '@/api/automations'
import AutomationCard from '@/components/automations/AutomationCard.vue'
import AutomationForm from '@/components/automations/AutomationForm.vue'
import DeliveryLog from '@/components/automations/DeliveryLog.vue'
import HandoverLine from '@/components/automations/HandoverLine.vue'
import ShownOnce from '@/components/automations/ShownOnce.vue'
import { bodyOf, changesOf, draftOf, EVENT_GROUPS, newAutomation } from '@/composables/automationDraft'
import { useAutomationLog } from '@/composables/useAutomationLog'
import { useAutomations } from '@/composables/useAutomations'
import { reasonOf } from '@/composables/useAutomationWords'
import { i18n } from '@/i18n'
import vietnamese from '@/i18n/vi.json'

import { FakeServer, later, problem, within } from './fakes'
import { aMessage } from './samples'

// Sunday, 22 November 2026, 10:00 in Vietnam.
const NOW = '2026-11-22T03:00:00Z'
const ALL = '/api/v1/bots/b1/automations'
const ONE = `${ALL}/a1`
const CALL = { at: '2026-11-22T02:30:00Z', status: 204, error: null, took_ms: 40 }

function anAutomation(changes: Partial<Automation> = {}): Automation {
  return {
    id: 'a1', bot_id: 'b1', name: 'Trợ lý', kind: 'webhook', url: 'https://bot.shop.vn/inbox',
    events: EVENT_GROUPS.flat(), answers: false, answer_within_s: 60, hand_back_after_s: null,
    enabled: true, off_reason: null, off_at: null, page_id: null, created_at: NOW, version: 3,
    waiting: 0, parked: 0, last_told: null, last_failed: null,
    ...changes,
  }
}

function aDelivery(event_id: string, changes: Partial<Delivery> = {}): Delivery {
  return {
    event_id, type: 'message.received', conversation_id: 'c1', sequence: 1, at: NOW,
    state: 'delivered', attempts: 1, tried_at: NOW, status: 204, error: null, took_ms: 12,
    ...changes,
  }
}

function called(testId: string): string {
  return `[data-testid="${testId}"]`
}

function plugins() {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: {} },
      { path: '/inbox/:conversationId?', name: 'inbox', component: {} },
    ],
  })
  return { plugins: [i18n, router] }
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(NOW), toFake: ['Date', 'setInterval', 'clearInterval'] })
  i18n.global.locale.value = 'vi'
})

afterEach(() => {
  vi.useRealTimers()
})

describe('what is sent of a draft', () => {
  test('is all of a new one, trimmed', () => {
    const draft = { ...newAutomation(), name: ' Trợ lý ', url: ' https://bot.shop.vn ' }
    draft.handBack = { unit: 'hour', amount: 2 }

    expect(bodyOf(draft)).toEqual({
      name: 'Trợ lý', url: 'https://bot.shop.vn', kind: 'webhook', events: EVENT_GROUPS.flat(),
      answers: false, answer_within_s: 60, hand_back_after_s: 7200,
      page_id: null, app_secret: null, verify_token: null,
    })
  })

  test('is only what was changed of one that there is', () => {
    const saved = anAutomation({ hand_back_after_s: 5400, events: ['message.sent', 'message.received'] })
    const draft = draftOf(saved)
    expect(draft.handBack).toEqual({ unit: 'minute', amount: 90 })
    expect(changesOf(draft, saved)).toEqual({})

    draft.handBack.unit = 'never'
    draft.events = [...draft.events, 'postback.received']
    expect(changesOf(draft, saved)).toEqual({
      hand_back_after_s: null,
      events: ['message.received', 'postback.received', 'message.sent'],
    })
  })

  test('leaves the app secret of a Messenger program as it is unless one is written', () => {
    const saved = anAutomation({ kind: 'messenger', page_id: '1' })
    const draft = draftOf(saved)
    expect(changesOf(draft, saved)).toEqual({})

    draft.appSecret = 'abcdefgh'
    expect(changesOf(draft, saved)).toEqual({ app_secret: 'abcdefgh' })
  })

  test('names no event that Messenger has no word for', () => {
    const { events } = bodyOf({ ...newAutomation(), kind: 'messenger' })
    expect(events).toContain('message.received')
    expect(events).not.toContain('customer.tags_changed')
  })
})

test('every event type has words', () => {
  const words = vietnamese.automations.event as Record<string, Record<string, string>>
  const nameless = EVENT_GROUPS.flat().filter((type) => {
    const [about = '', what = ''] = type.split('.')
    return words[about]?.[what] === undefined
  })
  expect(nameless).toEqual([])
  expect(new Set(EVENT_GROUPS.flat()).size).toBe(12)
})

test.each([
  [204, null, 'taken'],
  [302, 'http_302', 'redirect'],
  [401, 'http_401', 'denied'],
  [404, 'http_404', 'missing'],
  [410, 'http_410', 'gone'],
  [422, 'http_422', 'refused'],
  [429, 'http_429', 'busy'],
  [503, 'http_503', 'server'],
  [null, 'timeout', 'timeout'],
  [null, 'address_refused', 'address_refused'],
  [null, 'ServerDisconnectedError', 'broken'],
])('status %s and error %s are told as %s', (status, error, word) => {
  expect(reasonOf({ status, error })).toBe(word)
  expect(vietnamese.automations.reason).toHaveProperty(word)
})

describe('the list', () => {
  test('switches with the version that was read, and tells what was refused', async () => {
    const headers: (string | null)[] = []
    const server = new FakeServer()
      .on(`GET ${ALL}`, () => ({ items: [anAutomation()] }))
      .on(`PATCH ${ONE}`, (request) => {
        headers.push(request.headers.get('If-Match'))
        return problem(412, 'version_clash', 'Người khác vừa sửa.')
      })
      .install()
    const { automations, state, turn, refusal } = within(() => useAutomations(() => 'b1'))
    await flushPromises()
    expect(state.value).toBe('ready')

    await turn(anAutomation(), false)

    expect(headers).toEqual(['3'])
    expect(server.bodies).toEqual([{ enabled: false }])
    expect(refusal.value?.message).toBe('Người khác vừa sửa.')
    expect(automations.value).toHaveLength(1)
    expect(server.asked.filter((one) => one === `GET ${ALL}`)).toHaveLength(2)
  })

  test('is read again while somebody looks at it', async () => {
    let parked = 0
    new FakeServer().on(`GET ${ALL}`, () => ({ items: [anAutomation({ parked: (parked += 1) })] })).install()
    const { automations } = within(() => useAutomations(() => 'b1'))
    await flushPromises()

    vi.advanceTimersByTime(15_000)
    await flushPromises()

    expect(automations.value[0]?.parked).toBe(2)
  })

  test('says why an automation is off and how telling it goes', () => {
    const off = anAutomation({
      enabled: false, off_reason: 'gone', off_at: NOW, answers: true, waiting: 1000, parked: 4,
      last_told: CALL, last_failed: { ...CALL, status: 503, error: 'http_503' },
    })
    const card = mount(AutomationCard, { props: { automation: off, busy: false }, global: plugins() })

    expect(card.get(called('automation-off')).text()).toContain('Tự tắt lúc 10:00 hôm nay')
    expect(card.get(called('automation-off')).text()).toContain('410')
    expect(card.get('[role="switch"]').attributes('aria-checked')).toBe('false')
    expect(card.text()).toContain('Trả lời khách trước')
    expect(card.get(called('last-told')).text()).toContain('09:30 hôm nay')
    expect(card.get(called('last-failed')).text()).toContain('máy chủ của chương trình bị lỗi (503)')
    expect(card.get(called('waiting')).text()).toContain('hơn 1000')
    expect(card.get(called('parked')).text()).toBe('4 sự kiện đã ngừng thử')
  })

  test('asks before deleting, and says what happens', async () => {
    const card = mount(AutomationCard, {
      props: { automation: anAutomation(), busy: false }, global: plugins(), attachTo: document.body,
    })
    await card.get(called('automation-delete')).trigger('click')
    await flushPromises()
    expect(card.get('[role="alertdialog"]').text()).toContain('được chuyển cho nhân viên')
    expect(document.activeElement?.getAttribute('data-testid')).toBe('automation-keep')
    expect(card.emitted('remove')).toBeUndefined()

    await card.get(called('automation-keep')).trigger('click')
    await flushPromises()
    expect(document.activeElement?.getAttribute('data-testid')).toBe('automation-delete')

    await card.get(called('automation-delete')).trigger('click')
    await card.get(called('automation-delete-yes')).trigger('click')
    expect(card.emitted('remove')).toHaveLength(1)
    card.unmount()
  })
})

test('its server is asked, and what comes of it is told in words', async () => {
  const answers = [
    { ok: true, status: 204, error: null, took_ms: 40 },
    { ok: false, status: null, error: 'challenge', took_ms: 12 },
  ]
  new FakeServer().on(`POST ${ONE}/check`, () => answers.shift()).install()
  const card = mount(AutomationCard, {
    props: { automation: anAutomation(), busy: false },
    global: plugins(),
  })

  await card.get(called('automation-check')).trigger('click')
  await flushPromises()
  expect(card.get(called('automation-checked')).text()).toBe('Máy chủ của chương trình trả lời tốt (40 ms).')
  await card.get(called('automation-check')).trigger('click')
  await flushPromises()
  expect(card.get(called('automation-checked')).text()).toContain('verify token')
})

describe('the form', () => {
  test('makes a Messenger program with what Messenger needs', async () => {
    const made = { automation: anAutomation({ kind: 'messenger' }), secret: 's', token: 't' }
    const server = new FakeServer().on(`POST ${ALL}`, () => made).install()
    const form = mount(AutomationForm, { props: { botId: 'b1', automation: null }, global: plugins() })
    expect(form.find(called('automation-page')).exists()).toBe(false)
    await form.get(called('kind-messenger')).setValue(true)
    await form.get(called('automation-name')).setValue('Cũ')
    await form.get(called('automation-url')).setValue('https://m.shop.vn')
    await form.get(called('automation-page')).setValue('123')
    await form.get(called('automation-app-secret')).setValue('abcdefgh')
    await form.get(called('automation-answers')).setValue(true)
    await form.get(called('automation-within')).setValue('45')
    await form.get('form').trigger('submit')
    await flushPromises()

    expect(server.bodies).toMatchObject([
      { kind: 'messenger', page_id: '123', app_secret: 'abcdefgh', verify_token: null, answers: true, answer_within_s: 45 },
    ])
    expect(form.emitted('made')).toEqual([[made]])
  })

  test('sends nothing while no event is chosen', async () => {
    const server = new FakeServer().install()
    const form = mount(AutomationForm, { props: { botId: 'b1', automation: null }, global: plugins() })
    await form.get(called('events-all')).trigger('click')
    expect(form.get(called('events-wrong')).text()).toBe('Hãy chọn ít nhất một việc.')

    await form.get('form').trigger('submit')
    await flushPromises()
    expect(server.asked).toEqual([])
  })

  test('tells what is wrong beside its field', async () => {
    const errors = [{ field: 'url', code: 'url_not_allowed', message: 'Địa chỉ phải là https.' }]
    new FakeServer()
      .on(`POST ${ALL}`, () => Response.json({ status: 422, code: 'invalid_input', detail: 'Sai', errors }, { status: 422 }))
      .install()
    const form = mount(AutomationForm, { props: { botId: 'b1', automation: null }, global: plugins() })
    await form.get('form').trigger('submit')
    await flushPromises()

    expect(form.get(called('automation-url')).attributes('aria-invalid')).toBe('true')
    expect(form.text()).toContain('Địa chỉ phải là https.')
    expect(form.find(called('automation-refusal')).exists()).toBe(false)
  })

  test('saves over nobody: a clash is told, and the new version can be taken', async () => {
    const versions: (string | null)[] = []
    const server = new FakeServer()
      .on(`PATCH ${ONE}`, (request) => {
        versions.push(request.headers.get('If-Match'))
        return versions.length === 1 ? problem(412, 'version_clash', 'Đã đổi') : anAutomation({ version: 5 })
      })
      .on(`GET ${ONE}`, () => anAutomation({ name: 'Tên của người khác', version: 4 }))
      .install()
    const form = mount(AutomationForm, { props: { botId: 'b1', automation: anAutomation() }, global: plugins() })
    await form.get(called('automation-name')).setValue('Tên của tôi')
    await form.get('form').trigger('submit')
    await flushPromises()
    expect(form.get(called('automation-clash')).text()).toContain('Người khác vừa sửa')

    await form.get(called('automation-take-new')).trigger('click')
    await flushPromises()
    const name = form.get<HTMLInputElement>(called('automation-name'))
    expect(name.element.value).toBe('Tên của người khác')

    await name.setValue('Tên của tôi')
    await form.get('form').trigger('submit')
    await flushPromises()
    expect(versions).toEqual(['3', '4'])
    expect(server.bodies).toEqual([{ name: 'Tên của tôi' }, { name: 'Tên của tôi' }])
    expect(form.emitted('saved')).toHaveLength(1)
  })
})

test('what is shown once can be copied, and says what it is for', async () => {
  const kept: string[] = []
  vi.stubGlobal('navigator', { clipboard: { writeText: (text: string) => Promise.resolve(kept.push(text)) } })
  const values = [
    { name: 'secret' as const, value: 'whsec_1' },
    { name: 'token' as const, value: 'cit_1' },
  ]
  const shown = mount(ShownOnce, { props: { title: 'Đã tạo', values }, global: plugins() })

  expect(shown.text()).toContain('kiểm tra chữ ký')
  expect(shown.text()).toContain('Authorization: Bearer')
  await shown.get(called('copy-token')).trigger('click')
  expect(kept).toEqual(['cit_1'])
  expect(shown.get(called('copy-token')).attributes('aria-label')).toBe('Chép Token API')
  vi.unstubAllGlobals()
})

describe('the log', () => {
  const place = () => ({ bot_id: 'b1', automation_id: 'a1' })

  test('goes on page by page and shows nothing twice', async () => {
    const server = new FakeServer()
      .on(`GET ${ONE}/deliveries`, (_, url) =>
        url.searchParams.has('cursor')
          ? { items: [aDelivery('e1'), aDelivery('e2')], next_cursor: null }
          : { items: [aDelivery('e1')], next_cursor: 'next' },
      )
      .install()
    const log = within(() => useAutomationLog(place))
    await flushPromises()
    expect(log.hasMore()).toBe(true)

    await log.more()

    expect(log.deliveries.value.map(({ event_id }) => event_id)).toEqual(['e1', 'e2'])
    expect(log.hasMore()).toBe(false)
    expect(server.asked[1]).toBe(`GET ${ONE}/deliveries?limit=25&cursor=next`)
  })

  test('shows only the state that was chosen last', async () => {
    const slow = later<unknown>()
    new FakeServer()
      .on(`GET ${ONE}/deliveries`, (_, url) =>
        url.searchParams.get('state') === 'parked'
          ? { items: [aDelivery('p', { state: 'parked' })], next_cursor: null }
          : slow.promise,
      )
      .install()
    const log = within(() => useAutomationLog(place))
    log.wanted.value = 'parked'
    await flushPromises()
    slow.give({ items: [aDelivery('old')], next_cursor: null })
    await flushPromises()

    expect(log.deliveries.value.map(({ event_id }) => event_id)).toEqual(['p'])
  })

  test('leads to the conversation and tells one event again, or all that were given up', async () => {
    const failed = aDelivery('e1', { state: 'parked', status: null, error: 'timeout', attempts: 9, took_ms: 10_000 })
    const server = new FakeServer()
      .on(`GET ${ONE}/deliveries`, () => ({ items: [failed], next_cursor: null }))
      .on(`POST ${ONE}/deliveries/replay`, () => ({ replayed: 1 }))
      .install()
    const log = mount(DeliveryLog, { props: { automation: anAutomation({ parked: 1 }) }, global: plugins() })
    await flushPromises()
    const row = log.get(called('delivery'))
    expect(row.text()).toContain('Khách nhắn tin')
    expect(row.text()).toContain('Đã ngừng thử')
    expect(row.text()).toContain('không trả lời kịp')
    expect(row.text()).toContain('9 lần thử')
    expect(row.get(called('delivery-conversation')).attributes('href')).toBe('/inbox/c1')

    await row.get(called('delivery-replay')).trigger('click')
    await flushPromises()
    await log.get(called('log-replay-parked')).trigger('click')
    await flushPromises()

    expect(server.bodies).toEqual([{ event_ids: ['e1'] }, { event_ids: null }])
    expect(log.emitted('replayed')).toHaveLength(2)
  })

  test('says that nothing is told while the automation is off', async () => {
    new FakeServer()
      .on(`GET ${ONE}/deliveries`, () => ({ items: [aDelivery('e1')], next_cursor: null }))
      .on(`POST ${ONE}/deliveries/replay`, () => problem(409, 'automation_off', 'Chương trình này đang tắt.'))
      .install()
    const log = mount(DeliveryLog, { props: { automation: anAutomation() }, global: plugins() })
    await flushPromises()
    await log.get(called('delivery-replay')).trigger('click')
    await flushPromises()

    expect(log.get(called('log-refusal')).text()).toBe('Chương trình này đang tắt.')
    expect(log.findAll(called('delivery'))).toHaveLength(1)
  })
})

describe('above the messages', () => {
  const STATE = { paused_until: null, reason: null, opted_out_at: null }
  const spoken = aMessage({ author: { kind: 'automation', id: 'a1', name: 'Trợ lý' }, direction: 'out' })

  function line(state: 'active' | 'handoff_requested' | 'human', messages = [spoken]) {
    const props = { conversationId: 'c1', automation: { ...STATE, state }, messages }
    return mount(HandoverLine, { props, global: plugins() })
  }

  test('it says that an automation handed over, and gives the conversation back', async () => {
    const server = new FakeServer().on('PUT /api/v1/conversations/c1/automation', () => ({})).install()
    const shown = line('handoff_requested', [])
    expect(shown.text()).toContain('Chương trình tự động chuyển cho nhân viên')

    await shown.get(called('give-back')).trigger('click')
    await flushPromises()
    expect(server.bodies).toEqual([{ state: 'active', minutes: null }])
  })

  test.each([
    ['after an answer of a person to whom an automation spoke', 'human', [spoken], true],
    ['but not where no automation ever spoke', 'human', [aMessage()], false],
    ['nor while the automation has the conversation', 'active', [spoken], false],
  ] as const)('it is there %s', (_, state, messages, there) => {
    expect(line(state, [...messages]).find(called('handover')).exists()).toBe(there)
  })
})
