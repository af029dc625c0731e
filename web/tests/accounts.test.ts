/** Connecting accounts: what the settings ask of the server, and what they show of its answers. */
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'
import { ref } from 'vue'

import type { ConnectedAccount, ConnectFlow } from '@/api/types'
import AccountChooser from '@/components/accounts/AccountChooser.vue'
import AccountRow from '@/components/accounts/AccountRow.vue'
import TokenForm from '@/components/accounts/TokenForm.vue'
import { useAccounts } from '@/composables/useAccounts'
import { dialogOf, useConnecting } from '@/composables/useConnecting'
import { i18n } from '@/i18n'

import { FakeServer, problem, within } from './fakes'

const ACCOUNT: ConnectedAccount = {
  id: 'key1',
  channel: 'facebook',
  account_id: '109',
  name: 'Áo Khoác',
  bot_id: 'bot1',
  bot_name: 'Shop',
  health: { state: 'reauth', reason: 'token_dead', advice: 'Hãy kết nối lại.', since: null },
  subscription: { state: 'ok', reason: null, missing: [], checked_at: '2026-11-22T03:00:00Z' },
  has_credentials: true,
  connected_at: '2026-11-22T03:00:00Z',
}
const FLOW: ConnectFlow = {
  id: 'flow1',
  channel: 'facebook',
  bot_id: 'bot1',
  state: 'ready',
  problem: null,
  missing_permissions: ['pages_manage_engagement'],
  accounts: [
    { id: 'a', channel: 'facebook', account_id: '1', name: 'Một', connected: null, outcome: null, reason: null },
    {
      id: 'b',
      channel: 'facebook',
      account_id: '2',
      name: 'Hai',
      connected: { bot_id: 'bot2', bot_name: 'Giày' },
      outcome: null,
      reason: null,
    },
  ],
  expires_at: '2026-11-22T03:30:00Z',
}
const global = { plugins: [i18n] }

describe('the chooser', () => {
  test('ticks what is free, leaves alone what is in another bot, and says how each ended', async () => {
    const server = new FakeServer()
      .on('GET /api/v1/connect-flows/flow1', () => FLOW)
      .on('POST /api/v1/connect-flows/flow1/finish', () => ({
        accounts: [
          { id: 'a', channel: 'facebook', account_id: '1', name: 'Một', outcome: 'subscription_failed', reason: '200' },
        ],
      }))
      .install()
    const chooser = mount(AccountChooser, { props: { flowId: 'flow1' }, global })
    await flushPromises()

    expect(chooser.text()).toContain('pages_manage_engagement')
    expect(chooser.get('[data-testid="choose-2"]').attributes('disabled')).toBeDefined()
    await chooser.get('form').trigger('submit')
    await flushPromises()

    expect(server.bodies).toEqual([{ account_ids: ['a'] }])
    const finished = chooser.get('[data-testid="finished"]')
    expect(finished.attributes('data-outcome')).toBe('subscription_failed')
    expect(finished.text()).toContain('200')
    expect(chooser.emitted('changed')).toHaveLength(1)
  })

  test('says why a flow has failed and begins it again', async () => {
    const failed = {
      ...FLOW,
      state: 'failed',
      accounts: [],
      problem: { code: 'connect_interrupted', detail: 'Hãy bắt đầu lại.' },
    }
    new FakeServer().on('GET /api/v1/connect-flows/flow1', () => failed).install()
    const chooser = mount(AccountChooser, { props: { flowId: 'flow1' }, global })
    await flushPromises()

    expect(chooser.get('[data-testid="flow-problem"]').text()).toBe('Hãy bắt đầu lại.')
    await chooser.get('.el-button--primary').trigger('click')
    expect(chooser.emitted('again')?.[0]).toEqual([failed])
  })

  test('tells that a flow is over', async () => {
    new FakeServer()
      .on('GET /api/v1/connect-flows/flow1', () => problem(404, 'connect_flow_over', 'Đã hết hạn.'))
      .install()
    const chooser = mount(AccountChooser, { props: { flowId: 'flow1' }, global })
    await flushPromises()

    expect(chooser.get('[role="alert"]').text()).toBe('Đã hết hạn.')
  })
})

describe('an account', () => {
  test('says what to do about it, and is disconnected only after a second question', async () => {
    const server = new FakeServer()
      .on('DELETE /api/v1/bots/bot1/accounts/key1', () => new Response(null, { status: 204 }))
      .install()
    const row = mount(AccountRow, { props: { account: ACCOUNT, busy: false }, global })

    expect(row.text()).toContain('Hãy kết nối lại.')
    await row.get('[data-testid="disconnect"]').trigger('click')
    expect(server.asked).toEqual([])
    await row.get('[data-testid="disconnect-sure"]').trigger('click')
    await flushPromises()

    expect(server.asked).toEqual(['DELETE /api/v1/bots/bot1/accounts/key1'])
    expect(row.emitted('changed')).toHaveLength(1)
  })

  test('of Instagram is connected by the dialog of its page', () => {
    expect(['facebook', 'instagram', 'zalo'].map((one) => dialogOf(one as 'facebook'))).toEqual([
      'facebook',
      'facebook',
      'zalo',
    ])
  })
})

describe('a pasted token', () => {
  test('is sent once, and what is wrong with it is shown', async () => {
    const wrong = {
      status: 422,
      code: 'invalid_input',
      detail: 'Thông tin chưa hợp lệ.',
      errors: [{ field: 'credentials.access_token', code: 'token_refused', message: 'Token sai.' }],
    }
    const server = new FakeServer()
      .on('POST /api/v1/bots/bot1/accounts/key1/credentials', () =>
        Response.json(wrong, { status: 422 }),
      )
      .install()
    const form = mount(TokenForm, { props: { account: ACCOUNT }, global })

    await form.get('[data-testid="token-access"]').setValue(' EAA ')
    await form.get('form').trigger('submit')
    await flushPromises()

    expect(server.bodies).toEqual([{ credentials: { access_token: 'EAA' } }])
    expect(form.get('[data-testid="token-refusal"]').text()).toBe('Token sai.')
    expect(form.emitted('done')).toBeUndefined()
  })
})

test('the browser goes to the dialog, or the reason why it does not is kept', async () => {
  const gone: string[] = []
  const { connect, refusal } = useConnecting((url) => gone.push(url))
  new FakeServer()
    .on('POST /api/v1/bots/bot1/connect', () => ({ id: 'f', url: 'https://fb/dialog', expires_at: '' }))
    .on('POST /api/v1/bots/bot2/connect', () => problem(409, 'channel_not_set_up', 'Chưa có App ID.'))
    .install()

  await connect('bot1', 'facebook')
  expect(gone).toEqual(['https://fb/dialog'])

  const other = useConnecting((url) => gone.push(url))
  await other.connect('bot2', 'zalo')
  expect(other.refusal.value?.message).toBe('Chưa có App ID.')
  expect(other.busy.value).toBe(false)
  expect(refusal.value).toBeNull()
})

test('accounts stand under their bot, over all pages of the list', async () => {
  new FakeServer()
    .on('GET /api/v1/accounts', (_, url) =>
      url.searchParams.has('cursor')
        ? { items: [{ ...ACCOUNT, id: 'key2', name: 'An' }], next_cursor: null }
        : { items: [ACCOUNT], next_cursor: 'more' },
    )
    .install()
  const bots = ref([
    { id: 'bot1', name: 'Shop' },
    { id: 'bot2', name: 'Giày' },
  ])
  const { byBot, state } = within(() =>
    useAccounts({ bots: () => bots.value, listen: () => () => undefined }),
  )
  await flushPromises()

  expect(state.value).toBe('ready')
  expect(byBot.value.map(({ accounts }) => accounts.map(({ id }) => id))).toEqual([
    ['key2', 'key1'],
    [],
  ])
})
