/** The boards of splitting: who waits and what is done about it, the books, who is here, and shifts. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Leak, RuleLedger } from '@/api/splitting'
import WaitingRow from '@/components/splitting/WaitingRow.vue'
import { lowestCap, useSplitPresence } from '@/composables/useSplitPresence'
import { useSplitShifts } from '@/composables/useSplitShifts'
import { useSplitLedger } from '@/composables/useSplitLedger'
import { useSplitWaiting } from '@/composables/useSplitWaiting'
import { i18n } from '@/i18n'

import { FakeFeed, FakeServer, problem, within } from './fakes'
import { aConversation, aFrame } from './samples'
import { aRow, aRule, aSplit } from './splittingSamples'

const BOT = '/api/v1/bots/b1'
const WAITING = `GET ${BOT}/split/waiting`

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function aLeak(id: string, changes: Partial<Leak> = {}): Leak {
  return {
    conversation: aConversation({ id, waiting_since: '2026-11-22T02:00:00Z' }),
    urgency: 'waiting',
    waits_min: 60,
    reasons: [{ code: 'nobodys', vi: 'Chưa có ai phụ trách.', en: 'Nobody.', staff_id: null, excluded: [] }],
    actions: ['claim', 'assign', 'resplit'],
    ...changes,
  }
}

async function waiting(server: FakeServer) {
  server.install()
  const feed = new FakeFeed()
  const board = within(() => useSplitWaiting({ botId: 'b1', listen: feed.listen }))
  await flushPromises()
  return { feed, board, ids: () => board.leaks.value.map(({ conversation }) => conversation.id) }
}

function books(shares: Partial<RuleLedger['shares'][number]>[]): RuleLedger {
  const none = { weight: 1, wanted: 0.5, got: 0, owed: 0, given: 0, sticky: 0, fallback: 0, manual: 0, last_given_at: null }
  return {
    rule_id: 'r1',
    rule_name: 'Hỏi giá',
    shares: shares.map((share, place) => ({ staff_id: `s${place}`, ...none, ...share })),
  }
}

async function reading(shares: Parameters<typeof books>[0], mode: 'even' | 'claim') {
  new FakeServer().on(`GET ${BOT}/split/ledger`, () => ({ rules: [books(shares)] })).install()
  const { listen } = new FakeFeed()
  const { books: found } = within(() => useSplitLedger({ botId: 'b1', listen, rules: () => [aRule({ mode })] }))
  await flushPromises()
  const [book] = found.value
  if (!book) throw new Error('there is no book')
  return book
}

test('what waits stands under how urgent it is, in the order of the server', async () => {
  const items = [aLeak('c1', { urgency: 'closing' }), aLeak('c2'), aLeak('c3')]
  const { board } = await waiting(new FakeServer().on(WAITING, () => ({ items, next_cursor: null })))
  const shown = board.groups.value.map(({ urgency, items: some }) => [urgency, ...some.map(({ conversation }) => conversation.id)])
  expect(shown).toEqual([['closing', 'c1'], ['waiting', 'c2', 'c3']])
  expect(board.more.value).toBe('none')
})

test('one press claims, splits again or gives it away, and the board is read anew', async () => {
  let items = [aLeak('c1'), aLeak('c2'), aLeak('c3')]
  const done = (id: string) => () => {
    items = items.filter(({ conversation }) => conversation.id !== id)
    return aConversation({ id })
  }
  const server = new FakeServer()
    .on(WAITING, () => ({ items, next_cursor: null }))
    .on('POST /api/v1/conversations/c1/claim', done('c1'))
    .on('POST /api/v1/conversations/c2/assignee', done('c2'))
    .on('POST /api/v1/conversations/c3/assignee', done('c3'))
  const { board, ids } = await waiting(server)
  await board.take(aLeak('c1'))
  expect(ids()).toEqual(['c2', 'c3'])
  await board.resplit(aLeak('c2'))
  await board.assignTo(aLeak('c3'), 'lan', ' khách quen ')
  expect(ids()).toEqual([])
  expect(server.bodies).toEqual([
    { staff_id: null, resplit: true, reason: null, from: null },
    { staff_id: 'lan', resplit: false, reason: 'khách quen', from: null },
  ])
})

test('what was refused is told at its row, which is read anew', async () => {
  const server = new FakeServer()
    .on(WAITING, () => ({ items: [aLeak('c1')], next_cursor: null }))
    .on('POST /api/v1/conversations/c1/claim', () => problem(409, 'already_claimed', 'Đã có người nhận: Lan.'))
  const { board } = await waiting(server)
  await board.take(aLeak('c1'))
  expect(board.refusal.value).toMatchObject({ id: 'c1', error: { message: 'Đã có người nhận: Lan.' } })
  expect(server.asked.filter((one) => one.startsWith(WAITING))).toHaveLength(2)
  expect(board.busyId.value).toBeNull()
})

test('more is read from where the page ended, and news reads as many as are shown', async () => {
  const server = new FakeServer().on(WAITING, (_, url) =>
    url.searchParams.has('cursor')
      ? { items: [aLeak('c1'), aLeak('c2')], next_cursor: null }
      : { items: [aLeak('c1')], next_cursor: 'next' },
  )
  const { feed, board, ids } = await waiting(server)
  await board.loadMore()
  expect(ids()).toEqual(['c1', 'c2'])
  feed.say(aFrame({ type: 'message_received' }))
  feed.say(aFrame({ type: 'presence_changed' }))
  await vi.advanceTimersByTimeAsync(3000)
  expect(server.asked.filter((one) => one.startsWith(WAITING))).toHaveLength(3)
})

test('a row says why, who is left out, and offers only what one may do', async () => {
  const excluded = [{ staff_id: 'lan', reason: 'away' as const, vi: 'Lan: tạm nghỉ từ 08:00', en: 'away' }]
  const leak = aLeak('c1', {
    actions: ['assign', 'reconnect'],
    reasons: [{ code: 'no_eligible', vi: 'Chưa có ai nhận được.', en: 'Nobody can.', staff_id: null, excluded }],
  })
  const paths = ['inbox', 'accounts'].map((name) => ({ path: `/${name}/:conversationId?`, name, component: { template: '<i />' } }))
  const router = createRouter({ history: createMemoryHistory(), routes: paths })
  const row = mount(WaitingRow, {
    props: { leak, busy: false, refusal: null },
    global: { plugins: [i18n, router] },
  })
  expect(row.text()).toContain('tạm nghỉ từ 08:00')
  expect(row.find('[data-testid="leak-claim"]').exists()).toBe(false)
  expect(row.findAll('a').map((link) => link.attributes('href'))).toEqual(['/inbox/c1', '/accounts'])
  await row.get('[data-testid="leak-assign"]').trigger('click')
  expect(row.emitted('act')).toEqual([['assign']])
})

test('the fair share is what one got and what is owed, and the worst is told', async () => {
  const book = await reading([{ given: 4, owed: 0.5 }, { given: 5, owed: -0.5, sticky: 2 }], 'even')
  expect(book.rows.map(({ given, fair }) => [given, fair])).toEqual([[5, 4.5], [4, 4.5]])
  expect(book.worst).toBe(0.5)
})

test('who goes by no turns has no fair share, and who left with nothing is not listed', async () => {
  const book = await reading([{ given: 3, owed: 0.5 }, { weight: 0 }], 'claim')
  expect(book.rows.map(({ fair, owed }) => [fair, owed])).toEqual([[null, 0]])
  expect([book.fair, book.worst]).toEqual([false, 0])
})

test('who comes and goes is shown at once, and how much there is to do is read again', async () => {
  let open = 3
  const server = new FakeServer().on(`GET ${BOT}/presence`, () => ({ items: [aRow({ open })] })).install()
  const feed = new FakeFeed()
  const { rows } = within(() => useSplitPresence({ botId: 'b1', listen: feed.listen }))
  await flushPromises()
  feed.say(aFrame({ type: 'presence_changed', data: { staff_id: 'lan', state: 'away', away_by: 'auto', receiving: true } }))
  expect(rows.value).toMatchObject([{ staff_id: 'lan', state: 'away', away_by: 'auto', open: 3 }])
  open = 4
  await vi.advanceTimersByTimeAsync(3000)
  expect(rows.value[0]?.open).toBe(4)
  expect(server.asked).toHaveLength(2)
})

test('a colleague is switched off and on, and who may not do it is told', async () => {
  const server = new FakeServer()
    .on(`GET ${BOT}/presence`, () => ({ items: [aRow(), aRow({ staff_id: 'chu', name: 'Chủ' })] }))
    .on(`PATCH ${BOT}/presence/lan`, () => aRow({ receiving: false }))
    .on(`PATCH ${BOT}/presence/chu`, () => problem(403, 'role_too_high', 'Không đủ quyền.'))
    .install()
  const presence = within(() => useSplitPresence({ botId: 'b1', listen: new FakeFeed().listen }))
  await flushPromises()
  await presence.turn(aRow(), false)
  await presence.turn(aRow({ staff_id: 'chu' }), false)
  expect(server.bodies).toEqual([{ receiving: false }, { receiving: false }])
  expect(presence.rows.value.map(({ receiving }) => receiving)).toEqual([false, true])
  expect(presence.refusal.value).toMatchObject({ id: 'chu', error: { message: 'Không đủ quyền.' } })
})

test('of several caps the strictest counts', () => {
  const cap = (open: number | null) => ({ rule_id: 'r', rule_name: 'R', open, waiting: null })
  const row = aRow({ caps: [cap(20), cap(null), cap(5)] })
  expect([lowestCap(row, 'open'), lowestCap(row, 'waiting')]).toEqual([5, null])
})

test('a week shows own hours, those of the bot, and the holidays of everybody', async () => {
  const own = { weekdays: { mon: [{ from: '22:00', to: '06:00' }] } }
  const server = new FakeServer()
    .on('GET /api/v1/staff/lan/shift', () => ({ staff_id: 'lan', schedule: own }))
    .on('GET /api/v1/staff/minh/shift', () => ({ staff_id: 'minh', schedule: null }))
    .on('PUT /api/v1/staff/lan/shift', () => ({ staff_id: 'lan', schedule: null }))
    .install()
  const config = aSplit({ holidays: [{ from: '2026-11-24', to: '2026-11-25', name: 'Lễ', hours: [] }] })
  let saves = 0
  const shifts = within(() =>
    useSplitShifts({ config: () => config, staffIds: () => ['lan', 'minh'], today: '2026-11-22', onSaved: () => (saves += 1) }),
  )
  await flushPromises()
  const spans = (id: string) => shifts.daysOf(id).map(({ spans: some }) => some.map(({ from }) => from).join())
  expect(spans('lan')).toEqual(['22:00', '', '', '', '', '', ''])
  shifts.turnWeeks(1)
  expect(spans('minh')).toEqual(['08:00', '', '', '08:00', '08:00', '08:00', '08:00'])
  expect(shifts.daysOf('minh')[1]).toMatchObject({ date: '2026-11-24', holiday: 'Lễ' })

  shifts.edit('lan')
  shifts.setOwn(false)
  expect(await shifts.save()).toBe(true)
  expect(server.bodies).toEqual([{ schedule: null }])
  expect([shifts.ownWeek('lan'), shifts.editing.value, saves]).toEqual([null, null, 1])
})

test('hours of one’s own begin as those of the bot, and a mistake stands at its day', async () => {
  const errors = [{ field: 'schedule.weekdays.mon', code: 'overlapping', message: 'Chồng giờ.' }]
  new FakeServer()
    .on('GET /api/v1/staff/lan/shift', () => ({ staff_id: 'lan', schedule: null }))
    .on('PUT /api/v1/staff/lan/shift', () =>
      Response.json({ type: 'about:blank', title: '', status: 422, code: 'invalid_input', detail: 'Sai', errors }, { status: 422 }),
    )
    .install()
  const shifts = within(() =>
    useSplitShifts({ config: aSplit, staffIds: () => ['lan'], today: '2026-11-22', onSaved: () => undefined }),
  )
  await flushPromises()
  shifts.edit('lan')
  shifts.setOwn(true)
  const { week } = shifts.editing.value ?? {}
  expect(week?.sun).toEqual([{ from: '08:00', to: '23:00' }])
  week?.mon.push({ from: '09:00', to: '10:00' })
  expect(await shifts.save()).toBe(false)
  expect(shifts.errors.value).toEqual({ 'weekdays.mon': 'Chồng giờ.' })
  expect(shifts.editing.value?.week?.mon).toHaveLength(2)
})
