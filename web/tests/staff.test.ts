/** Staff in the settings: what admins send, what they are told, and what they cannot do to themselves. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { BotDetails } from '@/api/bots'
import type { StaffMember } from '@/api/staff'
import StaffRow from '@/components/staff/StaffRow.vue'
import { useSession } from '@/composables/useSession'
import { atLeast, heirsOf, sightOf, useStaffSettings } from '@/composables/useStaffSettings'
import { i18n } from '@/i18n'

import { FakeFeed, FakeServer, problem, within } from './fakes'

const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: '/', component: { template: '<i />' } },
    { path: '/me', name: 'me', component: { template: '<i />' } },
    { path: '/audit', name: 'audit', component: { template: '<i />' } },
  ],
})
const global = { plugins: [i18n, router] }

function someone(id: string, changes: Partial<StaffMember> = {}): StaffMember {
  return { id, name: id, initials: 'X', email: `${id}@shop.vn`, role: 'sale', active: true, ...changes }
}

function aBot(id: string, member_ids: string[], changes: Partial<BotDetails> = {}): BotDetails {
  const split = { enabled: true, visibility: 'own' as const }
  return { id, name: id, member_ids, accounts: [], crm_sync: false, split, version: 4, ...changes }
}

const BOSS = someone('boss', { role: 'admin' })
const LAN = someone('lan')
const HOA = someone('hoa')
const ROOT = someone('root', { role: 'owner' })

function server(bots = [aBot('b1', ['lan', 'hoa'])]): FakeServer {
  return new FakeServer()
    .on('GET /api/v1/me', () => ({ staff: BOSS, bots: [], scopes: [], csrf_token: 't' }))
    .on('GET /api/v1/staff', () => ({ items: [BOSS, LAN, HOA, ROOT], next_cursor: null }))
    .on('GET /api/v1/bots', () => ({ items: bots, next_cursor: null }))
    .on('GET /api/v1/bots/b1/presence', () => ({ items: [{ staff_id: 'lan', receiving: true }] }))
    .install()
}

async function settingsOf(): Promise<ReturnType<typeof useStaffSettings>> {
  await useSession().check()
  const settings = within(() => useStaffSettings({ listen: new FakeFeed().listen }))
  await flushPromises()
  return settings
}

async function rowOf(person: StaffMember) {
  const settings = await settingsOf()
  const row = mount(StaffRow, { props: { person, settings }, global })
  await row.get('[data-testid="staff-open"]').trigger('click')
  return row
}

beforeEach(() => {
  i18n.global.locale.value = 'vi'
})

describe('what is known of somebody', () => {
  test('only sales of a bot that splits see less than all', () => {
    expect(sightOf(LAN, aBot('b', []))).toBe('own')
    expect(sightOf(someone('x', { role: 'manager' }), aBot('b', []))).toBe('all')
    expect(sightOf(LAN, aBot('b', [], { split: { enabled: false, visibility: 'own' } }))).toBe('all')
  })

  test('a handover goes to whoever sees all their bots', () => {
    const bots = [aBot('b1', ['lan', 'hoa']), aBot('b2', ['lan'])]
    const left = someone('left', { role: 'admin', active: false })
    expect(heirsOf(LAN, [LAN, HOA, BOSS, left], bots)).toEqual([BOSS])
    expect(heirsOf(LAN, [LAN, HOA, BOSS], bots.slice(0, 1))).toEqual([HOA, BOSS])
  })

  test('roles stand above each other', () => {
    expect(atLeast('owner', 'admin')).toBe(true)
    expect(atLeast('sale', 'manager')).toBe(false)
  })
})

describe('somebody new', () => {
  test('gets bots and a link by which they choose a password that nobody else knows', async () => {
    const answers = server()
      .on('POST /api/v1/staff', () => someone('an'))
      .on('PATCH /api/v1/bots/b1', () => aBot('b1', []))
      .on('POST /api/v1/staff/an/password-reset', () => ({ url: 'https://x/#s', expires_at: '' }))
    const settings = await settingsOf()

    const made = await settings.create({ name: 'An', email: 'an@shop.vn', role: 'sale', botIds: ['b1'] })

    expect(made.link?.url).toBe('https://x/#s')
    expect(made.problem).toBeNull()
    const [person, bot] = answers.bodies as [{ password: string }, { member_ids: string[] }]
    expect(person.password.length).toBeGreaterThan(30)
    expect(bot.member_ids).toEqual(['lan', 'hoa', 'an'])
  })

  test('is there even if the rest fails, and what failed is told', async () => {
    server()
      .on('POST /api/v1/staff', () => someone('an'))
      .on('PATCH /api/v1/bots/b1', () => problem(412, 'version_clash', 'Người khác vừa sửa.'))
    const settings = await settingsOf()

    const made = await settings.create({ name: 'An', email: 'an@shop.vn', role: 'sale', botIds: ['b1'] })

    expect(made.person.id).toBe('an')
    expect(made.problem?.message).toBe('Người khác vừa sửa.')
  })
})

describe('a row', () => {
  test('sends only what was changed, and shows the refusal at its field', async () => {
    const errors = [{ field: 'email', code: 'email_taken', message: 'E-mail này đã được dùng.' }]
    const answers = server().on('PATCH /api/v1/staff/lan', () => Response.json({ errors }, { status: 422 }))
    const row = await rowOf(LAN)

    await row.get('[data-testid="staff-email"]').setValue('hoa@shop.vn')
    await row.get('form').trigger('submit')
    await flushPromises()

    expect(answers.bodies).toEqual([{ email: 'hoa@shop.vn' }])
    expect(row.get('[data-testid="staff-email-wrong"]').text()).toBe('E-mail này đã được dùng.')
    expect(row.find('[data-testid="staff-refusal"]').exists()).toBe(false)
  })

  test('tells that somebody else has changed the members meanwhile', async () => {
    server().on('PATCH /api/v1/bots/b1', (request) => {
      expect(request.headers.get('If-Match')).toBe('4')
      return problem(412, 'version_clash', 'Người khác vừa sửa.')
    })
    const row = await rowOf(LAN)

    await row.get('[data-testid="staff-bot"]').trigger('change')
    await flushPromises()

    expect(row.get('[data-testid="staff-bots"] [role="alert"]').text()).toBe('Người khác vừa sửa.')
  })

  test('of oneself offers no other role, and no way to leave', async () => {
    server()
    const row = await rowOf(BOSS)

    expect(row.get('[data-testid="staff-role"]').attributes('disabled')).toBeDefined()
    expect(row.find('[data-testid="staff-leave"]').exists()).toBe(false)
    expect(row.find('[data-testid="staff-reset"]').exists()).toBe(false)
  })

  test('of a role above one’s own is only shown', async () => {
    server()
    const row = await rowOf(ROOT)

    expect(row.find('form').exists()).toBe(false)
    expect(row.text()).toContain('cao hơn vai trò của bạn')
  })

  test('hands everything over before the person is deactivated', async () => {
    const answers = server()
      .on('POST /api/v1/staff/lan/handover', () => ({}))
      .on('DELETE /api/v1/staff/lan', () => new Response(null, { status: 204 }))
    const row = await rowOf(LAN)

    await row.get('[data-testid="staff-leave"]').trigger('click')
    await row.get('[data-testid="staff-heir"]').setValue('hoa')
    await row.get('[data-testid="staff-leave-sure"]').trigger('submit')
    await flushPromises()

    const writes = answers.asked.filter((one) => !one.startsWith('GET'))
    expect(writes).toEqual(['POST /api/v1/staff/lan/handover', 'DELETE /api/v1/staff/lan'])
    expect(answers.bodies).toEqual([{ to: 'hoa' }])
  })
})
