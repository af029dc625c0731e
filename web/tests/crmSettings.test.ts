/** CRM connections in the settings: how they are, what the check says of each field, what is tried again. */
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { CrmConnection, MappedField } from '@/api/crmConnections'
import CrmConnectionCard from '@/components/crmSettings/CrmConnectionCard.vue'
import { useCrmConnections } from '@/composables/useCrmConnections'
import { i18n } from '@/i18n'

import { aConversation } from './samples'
import { FakeServer, within } from './fakes'

const page = { template: '<i />' }
const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: '/', component: page },
    { path: '/inbox/:conversationId', name: 'inbox', component: page },
  ],
})
const global = { plugins: [i18n, router] }
const GONE = { code: 'crm_field_unknown', vi: 'CRM không có trường “ghi_chu”.', en: 'No such field.' }

function field(theirs: string, changes: Partial<MappedField> = {}): MappedField {
  const rules = { direction: 'both', transform: 'auto', clear: 'push', conflict: 'inbox_wins' }
  return { field: 'note', theirs, off: null, ...rules, ...changes }
}

function aConnection(changes: Partial<CrmConnection> = {}): CrmConnection {
  return {
    name: 'shop',
    kind: 'getfly',
    reason: null,
    waiting_since: null,
    parked: {},
    fields: [field('phone_office', { field: 'phones' }), field('ghi_chu')],
    reconciled: null,
    backfill: null,
    ...changes,
  }
}

function server(connection: () => CrmConnection): FakeServer {
  return new FakeServer()
    .on('GET /api/v1/crm/connections', () => ({ items: [connection()] }))
    .on('GET /api/v1/crm/connections/shop/parked', () => ({
      items: [
        {
          customer_id: 'u1',
          kind: 'refused',
          at: '2026-11-22T03:00:00Z',
          fields: ['phones'],
          reason: { code: 'crm_refused', vi: 'CRM không nhận giá trị này.', en: '' },
          reference: null,
        },
      ],
      next_cursor: null,
    }))
    .on('GET /api/v1/conversations', () => ({ items: [aConversation()], next_cursor: null }))
    .install()
}

async function cardOf(connection: CrmConnection) {
  const crm = within(useCrmConnections)
  await flushPromises()
  return { crm, card: mount(CrmConnectionCard, { props: { connection, crm }, global }) }
}

describe('a connection', () => {
  test('shows at each field what asking the CRM has just found', async () => {
    server(aConnection).on('POST /api/v1/crm/connections/shop/check', () => ({
      ok: false,
      error: null,
      off: [field('ghi_chu', { off: GONE })],
    }))
    const { crm, card } = await cardOf(aConnection())
    expect(card.get('[data-field="ghi_chu"]').text()).toContain('Dùng được')

    await card.get('[data-testid="crm-check"]').trigger('click')
    await flushPromises()
    await card.setProps({ check: crm.checks.value.get('shop') })

    expect(card.get('[data-field="ghi_chu"]').text()).toContain(GONE.vi)
    expect(card.get('[data-field="phone_office"]').text()).toContain('Dùng được')
    expect(card.get('[data-testid="crm-checked"]').text()).toContain('1 trường')
  })

  test('that refuses the key says what to do, and keeps what is known of its fields', async () => {
    server(aConnection)
    const reason = { code: 'crm_auth_refused', vi: 'CRM từ chối thông tin đăng nhập.', en: '' }
    const { card } = await cardOf(aConnection({ reason, fields: [field('ghi_chu', { off: GONE })] }))
    await card.setProps({ check: { ok: false, error: 'crm_auth_refused', off: [] } })

    expect(card.attributes('data-state')).toBe('paused')
    expect(card.get('[data-testid="crm-checked"]').text()).toContain('CRM_SYNC__SECRETS')
    expect(card.get('[data-field="ghi_chu"]').text()).toContain(GONE.vi)
  })

  test('names who is parked and why, and tries one kind again', async () => {
    const answers = server(() => aConnection({ parked: { refused: 1 } })).on(
      'POST /api/v1/crm/connections/shop/parked/replay',
      () => ({ customers: 1 }),
    )
    const { card } = await cardOf(aConnection({ parked: { refused: 1 } }))
    await flushPromises()

    const row = card.get('[data-testid="crm-parked-row"]')
    expect(row.get('a').attributes('href')).toBe('/inbox/c1')
    expect(row.text()).toContain('Nguyễn Thị Hồng Ánh')
    expect(row.text()).toMatch(/Số điện thoại:\s+CRM không nhận giá trị này/u)
    await card.get('[data-testid="crm-parked-kind"]').setValue('refused')
    await card.get('[data-testid="crm-replay"]').trigger('click')
    await flushPromises()

    expect(answers.bodies).toEqual([{ kind: 'refused' }])
    expect(answers.asked).toContain('GET /api/v1/crm/connections/shop/parked?limit=20&kind=refused')
    expect(card.text()).toContain('Đang thử lại 1 khách hàng.')
  })
})

test('a back-fill is asked after until it is done', async () => {
  vi.useFakeTimers()
  const began = { asked_at: '2026-11-22T03:00:00Z', marked: 3, ended_at: null as string | null }
  server(() => aConnection({ backfill: began }))
  const { connections } = within(useCrmConnections)
  await flushPromises()
  expect(connections.value[0]?.backfill?.ended_at).toBeNull()

  began.ended_at = '2026-11-22T03:01:00Z'
  await vi.advanceTimersByTimeAsync(4000)
  expect(connections.value[0]?.backfill?.ended_at).toBe('2026-11-22T03:01:00Z')
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})
