/** The people block: what is so, what one may do, and what is asked of the server. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeAll, expect, test, vi } from 'vitest'
import { createI18n } from 'vue-i18n'

import type { Colleague, People } from '@/api/types'
import ColleagueDialog from '@/components/people/ColleagueDialog.vue'
import PeopleBlock from '@/components/people/PeopleBlock.vue'
import { usePeople } from '@/composables/usePeople'
import english from '@/i18n/en.json'
import vietnamese from '@/i18n/vi.json'
import { folded } from '@/text/names'

import { FakeFeed, FakeServer, problem, within } from './fakes'

const BLOCK = 'GET /api/v1/conversations/c1/people'
const ASSIGN = 'POST /api/v1/conversations/c1/assignee'
const LAN: Colleague = { id: 'lan', name: 'Lan', presence: 'offline', receiving: true }
const MINH: Colleague = { id: 'minh', name: 'Đỗ Minh', presence: 'online', receiving: false }
const SPLIT: Extract<People, { splits: true }> = {
  splits: true,
  assignee: LAN,
  participants: [LAN, MINH],
  last_carer: MINH,
  shows_last_carer: true,
  state: 'assigned',
  last_receipt: null,
  may: ['transfer', 'remove_participant'],
}

beforeAll(() => {
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true
  }
})

function plugins(locale: 'vi' | 'en' = 'vi') {
  const messages = { vi: vietnamese, en: english }
  return { plugins: [createI18n({ legacy: false, locale, messages })] }
}

async function block(people: People, server = new FakeServer(), locale: 'vi' | 'en' = 'vi') {
  server.on(BLOCK, () => people).install()
  const shown = mount(PeopleBlock, {
    props: { conversationId: 'c1', listen: new FakeFeed().listen },
    global: plugins(locale),
  })
  await flushPromises()
  return shown
}

const button = (name: string) => `[data-testid="people-${name}"]`

test('shows the assignee, who takes part, and who cared last while the assignee is away', async () => {
  const shown = await block(SPLIT)

  expect(shown.get('[data-testid="assignee"]').text()).toContain('Lan')
  expect(shown.get('[data-testid="last-carer"]').text()).toContain('Đỗ Minh')
  expect(shown.get('[data-testid="participants"]').text()).toContain('không nhận dữ liệu')
  expect(shown.text()).toContain('Nhân viên chăm sóc')
})

test('has no assignee where the bot does not split', async () => {
  const { participants, last_carer } = SPLIT
  const shown = await block(
    { splits: false, participants, last_carer, shows_last_carer: false, may: ['add_participant'] },
    new FakeServer(),
    'en',
  )

  expect(shown.find('[data-testid="assignee"]').exists()).toBe(false)
  expect(shown.text()).toContain('Participants')
  expect(shown.find(button('add')).exists()).toBe(true)
})

test('offers only what one may do', async () => {
  const shown = await block({ ...SPLIT, assignee: null, state: 'claimable', may: ['claim'] })

  expect(shown.find(button('claim')).exists()).toBe(true)
  for (const action of ['transfer', 'add', 'let-go', 'resplit', 'take-over', 'remove-minh']) {
    expect(shown.find(button(action)).exists()).toBe(false)
  }
  expect(shown.get('[data-testid="assignee"]').text()).toBe('Chờ nhân viên nhận')
})

test('says why it is whose, in the language of the page', async () => {
  const receipt = {
    id: 'r1',
    kind: 'claimed',
    at: '2026-11-22T03:00:00.000Z',
    rule_id: null,
    rule_name: null,
    round: 0,
    chosen: 'lan',
    before: null,
    actor_id: 'lan',
    reason: null,
    vi: 'Lan đã nhận hội thoại.',
    en: 'Lan claimed the conversation.',
    candidates: [],
    excluded: [],
    numbers: {},
  }
  const server = new FakeServer().on('GET /api/v1/conversations/c1/receipts', () => ({
    items: [receipt],
    next_cursor: null,
  }))
  const shown = await block({ ...SPLIT, last_receipt: receipt }, server)

  expect(shown.get('[data-testid="last-receipt"]').text()).toBe('Lan đã nhận hội thoại.')
  await shown.get(button('why')).trigger('click')
  await flushPromises()
  expect(shown.get('[data-testid="people-history"]').text()).toContain('Lan đã nhận hội thoại.')
})

test('lets go of what was seen, and shows what is so when somebody was faster', async () => {
  let people: People = { ...SPLIT, may: ['unassign'] }
  const server = new FakeServer().on(BLOCK, () => people).on(ASSIGN, () => {
    people = { ...SPLIT, assignee: MINH, may: [] }
    return problem(409, 'assignment_changed', 'Người phụ trách vừa thay đổi.')
  })
  server.install()
  const shown = mount(PeopleBlock, { props: { conversationId: 'c1', listen: new FakeFeed().listen }, global: plugins() })
  await flushPromises()

  await shown.get(button('let-go')).trigger('click')
  await flushPromises()

  expect(server.bodies).toEqual([{ staff_id: null, resplit: false, reason: null, from: 'lan' }])
  expect(shown.get('[data-testid="assignee"]').text()).toContain('Đỗ Minh')
  expect(shown.find(button('let-go')).exists()).toBe(false)
})

test('chooses a colleague and a reason', async () => {
  new FakeServer()
    .on('GET /api/v1/conversations/c1/colleagues', () => ({ items: [MINH, LAN] }))
    .install()
  const shown = mount(ColleagueDialog, {
    props: { conversationId: 'c1', purpose: 'transfer', without: ['lan'] },
    global: plugins(),
  })
  await flushPromises()

  const choices = shown.findAll<HTMLInputElement>('input[type="radio"]')
  expect(choices.map(({ element }) => element.value)).toEqual(['minh'])
  expect(shown.get(button('submit')).attributes('disabled')).toBeDefined()
  await choices[0]?.setValue()
  await shown.get('[data-testid="people-reason"]').setValue('Khách quen')
  await shown.get('form').trigger('submit')

  expect(shown.emitted('chosen')).toEqual([['minh', 'Khách quen']])
})

test('reads anew what changes, and nothing else', async () => {
  vi.useFakeTimers()
  const feed = new FakeFeed()
  const server = new FakeServer().on(BLOCK, () => SPLIT).install()
  within(() => usePeople({ conversationId: 'c1', listen: feed.listen }))
  await vi.runAllTimersAsync()
  const frame = { id: 'f', at: null, conversation_id: 'c1', data: {} }

  feed.say({ ...frame, type: 'conversation_changed', conversation_id: 'other' })
  feed.say({ ...frame, type: 'presence_changed', data: { staff_id: 'stranger' } })
  await vi.runAllTimersAsync()
  expect(server.asked).toHaveLength(1)

  feed.say({ ...frame, type: 'conversation_changed' })
  feed.say({ ...frame, type: 'presence_changed', data: { staff_id: 'minh' } })
  await vi.runAllTimersAsync()
  expect(server.asked).toHaveLength(2)
  vi.useRealTimers()
})

test('finds names without accents', () => {
  expect(folded('Đỗ Thị Ánh')).toBe('do thi anh')
})
