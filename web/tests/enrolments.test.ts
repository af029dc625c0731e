/** Timed scripts beside a conversation: chosen, attached, steered, foreseen, and told when refused. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { nextTick, ref } from 'vue'

import type {
  Attached,
  CustomerScripts as Scripts,
  Enrolment,
  OfferedScript,
  StepResult,
  UpcomingStep,
} from '@/api/enrolments'
import type { Automation } from '@/api/types'
import CustomerScripts from '@/components/enrolments/CustomerScripts.vue'
import UpcomingSteps from '@/components/enrolments/UpcomingSteps.vue'
import { useEndedEnrolments } from '@/composables/useEndedEnrolments'
import { useEnrolments } from '@/composables/useEnrolments'
import { useScriptPicker } from '@/composables/useScriptPicker'
import { useSidebar } from '@/composables/useSidebar'
import { i18n } from '@/i18n'
import { byDay } from '@/text/days'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aConversation, aFrame, aMessage } from './samples'

// Sunday, 22 November 2026, 10:00 in Vietnam.
const NOW = '2026-11-22T03:00:00Z'
const ENROLMENTS = '/api/v1/customers/u1/enrolments'
const ACTIVE: Automation = { state: 'active', paused_until: null, reason: null, opted_out_at: null }
const WINDOW = { code: 'window', vi: 'ngoài giờ kênh cho gửi', en: 'outside the window' }

function anOffer(name: string, changes: Partial<OfferedScript> = {}): OfferedScript {
  return { id: `s ${name}`, name, steps: 2, first_at: '2026-11-22T07:30:00Z', ...changes }
}

function aResult(changes: Partial<StepResult> = {}): StepResult {
  return { step_id: 'one', place: 0, result: 'sent', at: NOW, reason: null, message_id: 'm1', ...changes }
}

function anEnrolment(name: string, changes: Partial<Enrolment> = {}): Enrolment {
  return {
    id: `e ${name}`,
    script: { id: `s ${name}`, name },
    conversation_id: 'c1',
    status: 'active',
    reason: null,
    waiting: null,
    started_at: '2026-11-21T03:00:00Z',
    by: { id: 'a1', name: 'Lan' },
    via: 'staff',
    progress: { done: 1, total: 3 },
    next: { step_id: 'two', place: 1, at: '2026-11-22T07:30:00Z', text: 'Hàng dùng tốt chứ ạ?' },
    last: aResult(),
    log: [aResult()],
    paused_at: null,
    ended_at: null,
    ...changes,
  }
}

function aStep(at: string, changes: Partial<UpcomingStep> = {}): UpcomingStep {
  return {
    enrolment_id: 'e1', script_id: 's1', script_name: 'Chăm sóc', step_id: at, place: 1, at, text: 'Chào',
    ...changes,
  }
}

function scriptsOf(changes: Partial<Scripts> = {}): Scripts {
  return { offered: [], enrolments: [], upcoming: [], opted_out: false, ...changes }
}

function called(testId: string): string {
  return `[data-testid="${testId}"]`
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(NOW), toFake: ['Date', 'setInterval', 'clearInterval'] })
  i18n.global.locale.value = 'vi'
})
afterEach(() => {
  vi.useRealTimers()
})

describe('choosing scripts', () => {
  const offered = [anOffer('Chăm sóc'), anOffer('Sinh nhật'), anOffer('Chào mừng')]
  function picking(running: string[] = []) {
    const text = ref('')
    const picker = within(() =>
      useScriptPicker({ text, offered: () => offered, running: () => new Set(running) }),
    )
    const choose = (place: number) => {
      const option = picker.options.value[place]
      if (option) picker.toggle(option)
    }
    return { text, choose, ...picker }
  }

  test('finds them without accents, and keeps what was chosen before', () => {
    const { text, options, choose, chosen } = picking()
    choose(1)
    text.value = 'chao'
    expect(options.value.map(({ script }) => script.name)).toEqual(['Chào mừng'])
    choose(0)
    expect(chosen.value).toEqual(['s Sinh nhật', 's Chào mừng'])
    choose(0)
    expect(chosen.value).toEqual(['s Sinh nhật'])
  })

  test('leaves out what the customer is on', () => {
    const { options, choose, chosen } = picking(['s Chăm sóc'])
    choose(0)
    expect(options.value[0]).toMatchObject({ running: true, chosen: false })
    expect(chosen.value).toEqual([])
  })
})

describe('the scripts of a customer', () => {
  function following(server: FakeServer, items: Enrolment[] = [anEnrolment('Chăm sóc')]) {
    server.install()
    const shown = ref(items)
    const reads = { count: 0 }
    const enrolments = within(() =>
      useEnrolments({
        customerId: () => 'u1',
        conversationId: () => 'c1',
        items: () => shown.value,
        changed: () => {
          reads.count += 1
          return Promise.resolve()
        },
      }),
    )
    return { ...enrolments, shown, reads }
  }

  test('are attached together, and each says what became of it', async () => {
    const items: Attached[] = [
      { script_id: 's1', outcome: 'created', reason: null, enrolment: anEnrolment('Một') },
      { script_id: 's2', outcome: 'already_active', reason: null, enrolment: null },
    ]
    const server = new FakeServer().on(`POST ${ENROLMENTS}`, () => ({ items }))
    const { attach, outcomes, reads } = following(server)

    expect(await attach(['s1', 's2'])).toBe(true)

    expect(server.bodies).toEqual([{ script_ids: ['s1', 's2'], conversation_id: 'c1' }])
    expect(outcomes.value).toEqual(items)
    expect(reads.count).toBe(1)
  })

  test('are not attached twice by two presses, and a refusal is told', async () => {
    const answer = later<Response>()
    const server = new FakeServer().on(`POST ${ENROLMENTS}`, () => answer.promise)
    const { attach, refusal, attaching } = following(server)
    const first = attach(['s1'])
    expect(await attach(['s1'])).toBe(false)
    answer.give(problem(422, 'opted_out', 'Khách đã yêu cầu ngừng tin tự động.'))

    expect(await first).toBe(false)
    expect(server.asked).toHaveLength(1)
    expect(refusal.value?.code).toBe('opted_out')
    expect(attaching.value).toBe(false)
  })

  test('show an answer at once, then what is read', async () => {
    const paused = anEnrolment('Chăm sóc', { status: 'paused' })
    const server = new FakeServer().on(`PATCH ${ENROLMENTS}/e%20Ch%C4%83m%20s%C3%B3c`, () => paused)
    const enrolments = following(server)
    const statuses: string[] = []
    const [enrolment] = enrolments.running.value
    if (!enrolment) throw new Error('there is one')
    const done = enrolments.steer(enrolment, 'pause')
    expect(enrolments.busy.has(enrolment.id)).toBe(true)
    await flushPromises()
    statuses.push(enrolments.running.value[0]?.status ?? '')
    enrolments.shown.value = [paused]
    await done

    expect(server.bodies).toEqual([{ action: 'pause' }])
    expect(enrolments.running.value[0]?.status).toBe('paused')
    expect(enrolments.busy.size).toBe(0)
  })

  test('take the next press as soon as one is answered, and keep the newest answer', async () => {
    const answers = [anEnrolment('Chăm sóc', { status: 'paused' }), anEnrolment('Chăm sóc')]
    const server = new FakeServer()
      .on(`PATCH ${ENROLMENTS}/e%20Ch%C4%83m%20s%C3%B3c`, () => answers.shift())
      .install()
    const reading = [later<undefined>(), later<undefined>()]
    let reads = 0
    const enrolments = within(() =>
      useEnrolments({
        customerId: () => 'u1',
        conversationId: () => 'c1',
        items: () => [anEnrolment('Chăm sóc', { progress: { done: 0, total: 0 } })],
        changed: async () => {
          await reading[reads++]?.promise
        },
      }),
    )
    const first = enrolments.steer(anEnrolment('Chăm sóc'), 'pause')
    await flushPromises()
    const second = enrolments.steer(anEnrolment('Chăm sóc'), 'resume')
    await flushPromises()
    reading[0]?.give(undefined)
    await first
    expect(enrolments.running.value[0]?.progress.total).toBe(3) // the second answer
    reading[1]?.give(undefined)
    await second

    expect(enrolments.running.value[0]?.progress.total).toBe(0) // what was read
    expect(server.bodies).toEqual([{ action: 'pause' }, { action: 'resume' }])
  })

  test('come back when they could not be detached, with the reason', async () => {
    const answer = later<Response>()
    const server = new FakeServer().on(
      `DELETE ${ENROLMENTS}/e%20Ch%C4%83m%20s%C3%B3c`,
      () => answer.promise,
    )
    const { running, detach, troubles } = following(server)
    const [enrolment] = running.value
    if (!enrolment) throw new Error('there is one')
    const done = detach(enrolment)
    expect(running.value).toEqual([])
    answer.give(problem(503, 'busy', 'Máy chủ đang bận.'))
    await done

    expect(running.value).toHaveLength(1)
    expect(troubles.get(enrolment.id)?.message).toBe('Máy chủ đang bận.')
  })

  test('that ended long ago are read page by page, past those that run', async () => {
    const pages = [
      { items: [anEnrolment('Chạy')], next_cursor: 'p2' },
      { items: [anEnrolment('Cũ', { status: 'done' })], next_cursor: null },
    ]
    const server = new FakeServer().on(`GET ${ENROLMENTS}`, () => pages.shift()).install()
    const newest = [anEnrolment('Mới', { status: 'stopped' })]
    const ended = within(() => useEndedEnrolments({ customerId: () => 'u1', newest: () => newest }))
    await ended.loadMore()

    expect(ended.items.value.map(({ script }) => script.name)).toEqual(['Mới', 'Cũ'])
    expect(ended.state.value).toBe('all')
    expect(server.asked[1]).toContain('cursor=p2')
  })
})

describe('the block', () => {
  function opened(scripts: Scripts, automation: Automation | null = ACTIVE) {
    const changed = vi.fn(() => Promise.resolve())
    const shown = mount(CustomerScripts, {
      props: { customerId: 'u1', conversationId: 'c1', scripts, automation, changed },
      global: { plugins: [i18n] },
      attachTo: document.body,
    })
    onTestFinished(() => {
      shown.unmount()
    })
    return { shown, changed }
  }

  test('tells how far a script is, what comes next and when, and the last result', () => {
    const skipped = aResult({ result: 'skipped', reason: WINDOW })
    const enrolment = anEnrolment('Chăm sóc', { last: skipped, log: [skipped] })
    const { shown } = opened(scriptsOf({ enrolments: [enrolment] }))

    expect(shown.get(called('enrolment-progress')).text()).toContain('1/3')
    expect(shown.get(called('enrolment-next')).text()).toBe('Bước 2 · 14:30 hôm nay')
    expect(shown.get(called('enrolment-last')).text()).toContain('Bước 1 · Bỏ qua: ngoài giờ kênh cho gửi')
    expect(shown.text()).toContain('Lan gắn')
  })

  test('tells why a script waits, in the chosen language', async () => {
    const { shown } = opened(scriptsOf({ enrolments: [anEnrolment('Chăm sóc', { waiting: WINDOW })] }))
    expect(shown.get(called('enrolment-waits')).text()).toBe('ngoài giờ kênh cho gửi')
    i18n.global.locale.value = 'en'
    await nextTick()
    expect(shown.get(called('enrolment-waits')).text()).toBe('outside the window')
    expect(shown.get(called('enrolment-next')).text()).toBe('Step 2 · 14:30 today')
  })

  test('attaches several scripts by keyboard alone', async () => {
    const offered = [anOffer('Chăm sóc'), anOffer('Sinh nhật', { first_at: null }), anOffer('Đang chạy')]
    const attached: Attached = { script_id: 's Chăm sóc', outcome: 'created', reason: null, enrolment: null }
    const server = new FakeServer().on(`POST ${ENROLMENTS}`, () => ({ items: [attached] })).install()
    const { shown, changed } = opened(scriptsOf({ offered, enrolments: [anEnrolment('Đang chạy')] }))
    await shown.get(called('script-add')).trigger('click')
    await flushPromises()
    expect(changed).toHaveBeenCalledOnce() // first due times count from now
    const options = shown.findAll(called('script-option'))
    expect(options.map((one) => one.text().replace(/\s+/gu, ' '))).toEqual([
      'Chăm sóc 2 bước · tin đầu 14:30 hôm nay',
      'Sinh nhật 2 bước · không có bước nào đến giờ gửi',
      'Đang chạy 2 bước · đang chạy',
    ])

    const search = shown.get(called('script-search'))
    expect(document.activeElement).toBe(search.element)
    await search.trigger('keydown', { key: 'Enter' })
    await search.trigger('keydown', { key: 'ArrowDown' })
    await search.trigger('keydown', { key: 'Enter' })
    expect(shown.get(called('script-attach')).text()).toBe('Gắn 2 kịch bản')
    await search.trigger('keydown', { key: 'Enter', ctrlKey: true })
    await flushPromises()

    expect(server.bodies).toEqual([
      { script_ids: ['s Chăm sóc', 's Sinh nhật'], conversation_id: 'c1' },
    ])
    expect(shown.get(called('attach-outcome')).text()).toBe('Đã gắn “Chăm sóc”')
    expect(shown.find(called('script-picker')).exists()).toBe(false)
    expect(document.activeElement).toBe(shown.get(called('script-add')).element)
  })

  test('keeps the picker open when nothing was attached, and says why, field by field', async () => {
    const field = { field: 'script_ids.0', code: 'script_off', message: 'Kịch bản đang tắt.' }
    const body = { type: 'about:blank', title: '', status: 422, code: 'invalid_input', detail: 'Sai', errors: [field] }
    new FakeServer().on(`POST ${ENROLMENTS}`, () => Response.json(body, { status: 422 })).install()
    const { shown } = opened(scriptsOf({ offered: [anOffer('Chăm sóc')] }))
    await shown.get(called('script-add')).trigger('click')
    await shown.get(called('script-search')).trigger('keydown', { key: 'Enter', ctrlKey: true })
    await flushPromises()

    expect(shown.get(called('attach-refusal')).text()).toBe('SaiChăm sóc: Kịch bản đang tắt.')
    expect(shown.find(called('script-picker')).exists()).toBe(true)
  })

  test('asks before it detaches, and Escape keeps the script', async () => {
    const server = new FakeServer().install()
    const { shown } = opened(scriptsOf({ enrolments: [anEnrolment('Chăm sóc')] }))
    await shown.get(called('enrolment-detach')).trigger('click')
    await flushPromises()
    expect(document.activeElement).toBe(shown.get(called('enrolment-keep')).element)
    await shown.get(called('enrolment-keep')).trigger('keydown', { key: 'Escape' })
    await flushPromises()
    expect(server.asked).toEqual([])
    expect(document.activeElement).toBe(shown.get(called('enrolment-detach')).element)

    await shown.get(called('enrolment-detach')).trigger('click')
    await shown.get(called('enrolment-detach-sure')).trigger('click')
    await flushPromises()
    expect(server.asked).toHaveLength(1)
    expect(shown.get(called('enrolment-trouble')).text()).not.toBe('')
  })

  test('names the next step where its time is not known', () => {
    const next = { step_id: 'two', place: 1, at: null, text: null }
    const { shown } = opened(scriptsOf({ enrolments: [anEnrolment('Chăm sóc', { status: 'paused', next })] }))
    expect(shown.get(called('enrolment-next')).text()).toBe('Bước 2')
    expect(shown.get(called('enrolment-paused')).text()).toBe('Đang tạm dừng')
  })

  test('a paused script is resumed; what ended is folded away with its reason', () => {
    const reason = { code: 'customer_replied', vi: 'Khách đã trả lời.', en: 'The customer replied.' }
    const { shown } = opened(
      scriptsOf({
        enrolments: [
          anEnrolment('Chăm sóc', { status: 'paused' }),
          anEnrolment('Cũ', { status: 'stopped', reason, next: null, ended_at: NOW }),
        ],
      }),
    )
    expect(shown.get(called('enrolment-resume')).text()).toBe('Chạy tiếp')
    expect(shown.findAll(called('enrolment'))).toHaveLength(1)
    expect(shown.get(called('ended')).attributes('open')).toBeUndefined()
    expect(shown.get(called('ended-script')).text()).toContain('Đã dừng: Khách đã trả lời.')
  })

  test('counts fifty scripts', () => {
    const many = Array.from({ length: 50 }, (_, at) => anEnrolment(`Kịch bản ${at}`))
    const { shown } = opened(scriptsOf({ enrolments: many }))
    expect(shown.text()).toContain('Đang gắn (50)')
    expect(shown.findAll(called('enrolment'))).toHaveLength(50)
  })

  const replied: Automation = {
    state: 'human', paused_until: '2026-11-22T03:30:00Z', reason: 'staff_replied', opted_out_at: null,
  }

  test('says until when scripts are silent, gives the conversation back, and forgets a pause that is over', async () => {
    const server = new FakeServer().on('PUT /api/v1/conversations/c1/automation', () => ({})).install()
    const { shown, changed } = opened(scriptsOf({ enrolments: [anEnrolment('Chăm sóc')] }), replied)
    expect(shown.get(called('automation-paused')).text()).toContain('Tin tự động tạm dừng đến 10:30 hôm nay')
    await shown.get(called('automation-resume')).trigger('click')
    await flushPromises()
    expect(server.bodies).toEqual([{ state: 'active', minutes: null }])
    expect(changed).toHaveBeenCalledOnce()

    vi.advanceTimersByTime(31 * 60_000)
    await nextTick()
    expect(shown.find(called('automation-paused')).exists()).toBe(false)
  })

  test.each<[string, Partial<Automation>, boolean]>([
    ['a pause after a reply, with no script to be silenced', {}, false],
    ['a pause by hand', { reason: 'paused_by_hand', paused_until: null }, true],
  ])('%s', (_, changes, told) => {
    const { shown } = opened(scriptsOf(), { ...replied, ...changes })
    expect(shown.find(called('automation-paused')).exists()).toBe(told)
  })

  test('attaches nothing to who asked for silence', () => {
    const { shown } = opened(scriptsOf({ opted_out: true, offered: [anOffer('Chăm sóc')] }))
    expect(shown.get(called('opted-out')).text()).toBe('Khách đã yêu cầu ngừng tin tự động')
    expect(shown.find(called('script-add')).exists()).toBe(false)
  })
})

describe('what is to come', () => {
  test('stands under its days', () => {
    const steps = ['2026-11-22T03:00:00Z', '2026-11-22T16:59:00Z', '2026-11-22T17:00:00Z'].map((at) => aStep(at))
    expect(byDay(steps).map(({ items }) => items.length)).toEqual([2, 1])
    const shown = mount(UpcomingSteps, { props: { items: steps }, global: { plugins: [i18n] } })
    expect(shown.findAll('h5').map((day) => day.text())).toEqual(['Hôm nay', 'Ngày mai'])
    expect(shown.get('li').text()).toBe('10:00Chăm sóc Bước 2Chào')
  })

  test('shows the nearest of many, and the rest when asked', async () => {
    const steps = Array.from({ length: 120 }, (_, at) => aStep(NOW, { step_id: `step ${at}` }))
    const shown = mount(UpcomingSteps, { props: { items: steps }, global: { plugins: [i18n] } })
    expect(shown.get('h4').text()).toBe('Sắp gửi (120)')
    expect(shown.findAll('li')).toHaveLength(30)
    await shown.get(called('upcoming-more')).trigger('click')
    expect(shown.findAll('li')).toHaveLength(120)
  })
})

test('the block is read anew for what changes scripts, and not for receipts of others', async () => {
  const server = new FakeServer().on('GET /api/v1/conversations/c1/sidebar', () => ({ blocks: {} })).install()
  const feed = new FakeFeed()
  within(() => useSidebar({ conversationId: 'c1', customerId: () => 'u1', listen: feed.listen }))
  const reads = async (): Promise<number> => {
    await flushPromises()
    return server.asked.length
  }
  const out = (kind: 'script' | 'staff') =>
    aMessage({ direction: 'out', author: { kind, id: 'x', name: 'X' } })
  expect(await reads()).toBe(1)
  feed.say(aFrame({ type: 'enrolments_changed', conversation_id: null, data: { customer_id: 'u2' } }))
  feed.say(aFrame({ type: 'message_changed', data: { message: out('staff') } }))
  expect(await reads()).toBe(1)

  feed.say(aFrame({ type: 'enrolments_changed', conversation_id: null, data: { customer_id: 'u1' } }))
  expect(await reads()).toBe(2)
  feed.say(aFrame({ type: 'message_changed', data: { message: out('script') } }))
  expect(await reads()).toBe(3)
  feed.say(aFrame({ type: 'conversation_changed', data: { conversation: aConversation() } }))
  expect(await reads()).toBe(4)
  const automation = { ...ACTIVE, state: 'human' as const }
  feed.say(aFrame({ type: 'conversation_changed', data: { conversation: aConversation({ automation }) } }))
  expect(await reads()).toBe(5)
})
