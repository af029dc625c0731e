/** What every request carries, and what becomes of a refusal. */
import { afterEach, describe, expect, test } from 'vitest'

import { ApiError, onSignedOut, setCsrfToken, setRequestLanguage } from '@/api/client'
import { changeStatus, fetchConversation, fetchConversations } from '@/api/conversations'

import { FakeServer, problem } from './fakes'
import { aConversation } from './samples'

const ONE = '/api/v1/conversations/c1'

describe('a request', () => {
  afterEach(() => {
    setCsrfToken(null)
    setRequestLanguage('vi')
    onSignedOut(() => undefined)
  })

  test('carries the language, and the token only when it writes', async () => {
    const seen: (string | null)[][] = []
    const look = (request: Request) => {
      seen.push([request.headers.get('Accept-Language'), request.headers.get('X-CSRF-Token')])
      return aConversation()
    }
    new FakeServer().on(`GET ${ONE}`, look).on(`PATCH ${ONE}`, look).install()
    setCsrfToken('token')
    setRequestLanguage('en')

    await fetchConversation('c1')
    await changeStatus('c1', 'closed')

    expect(seen).toEqual([
      ['en', null],
      ['en', 'token'],
    ])
  })

  test('asks only for what is chosen', async () => {
    const server = new FakeServer()
      .on('GET /api/v1/conversations', () => ({ items: [], next_cursor: null }))
      .install()

    await fetchConversations(
      { view: 'uncared', channel: 'zalo', bot_id: null, unread: false, tags: [], q: 'Ánh' },
      { cursor: null, limit: 40, signal: new AbortController().signal },
    )

    expect(server.asked).toEqual([
      'GET /api/v1/conversations?view=uncared&limit=40&channel=zalo&q=%C3%81nh',
    ])
  })

  test.each(['<!doctype html><p>Đăng nhập Wi-Fi</p>', '{"items": ['])(
    'that somebody else answers, or that breaks off, was not answered: %s',
    async (text) => {
      const headers = { 'Content-Type': 'application/json' }
      new FakeServer().on(`GET ${ONE}`, () => new Response(text, { headers })).install()

      const asked = fetchConversation('c1')

      await expect(asked).rejects.toBeInstanceOf(ApiError)
      await expect(asked).rejects.toMatchObject({ status: 0, code: 'unreachable' })
    },
  )

  test('fails with the words and the code of the server', async () => {
    new FakeServer().on(`PATCH ${ONE}`, () => problem(403, 'not_allowed', 'Bạn không có quyền.')).install()

    await expect(changeStatus('c1', 'spam')).rejects.toMatchObject({
      status: 403,
      code: 'not_allowed',
      message: 'Bạn không có quyền.',
    })
  })

  test('tells when nobody is signed in any more', async () => {
    let told = 0
    onSignedOut(() => {
      told += 1
    })
    new FakeServer().on(`GET ${ONE}`, () => problem(401, 'sign_in_required')).install()

    await expect(fetchConversation('c1')).rejects.toBeInstanceOf(ApiError)
    expect(told).toBe(1)
  })

  test('fails with status 0 when the server cannot be reached', async () => {
    new FakeServer()
      .on(`GET ${ONE}`, () => {
        throw new TypeError('Failed to fetch')
      })
      .install()

    await expect(fetchConversation('c1')).rejects.toMatchObject({ status: 0, code: 'unreachable' })
  })

  test('fails plainly when something else than the server answers', async () => {
    new FakeServer()
      .on(`GET ${ONE}`, () => new Response('<h1>Bad gateway</h1>', { status: 502 }))
      .install()

    await expect(fetchConversation('c1')).rejects.toMatchObject({ status: 502, code: 'unknown' })
  })
})
