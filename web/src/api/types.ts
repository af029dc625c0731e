/** The shapes of the HTTP API and the live feed, by the names the rest of the UI uses. */
import type { components, operations } from '@/api/schema'

type Schemas = components['schemas']

/** Times are ISO 8601 in UTC; ids are opaque. */
export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export type Problem = Schemas['Problem']
export type ProblemField = Schemas['ProblemField']

export type Me = Schemas['MeView']
export type MyState = Schemas['MyStateView']
export type MyStateChange = Partial<Schemas['MyStateBody']>
export type Presence = Schemas['PresenceView']
export type SignedIn = Schemas['SignedInView']
export type Staff = Schemas['StaffView']
export type Bot = Schemas['BotNameView']

export type OwnSession = Schemas['SessionView']
export type Embedding = Schemas['EmbeddingView']
export type Located = Schemas['LocatedView']

export type Conversation = Schemas['ConversationView']
export type Channel = Conversation['channel']
export type ConversationKind = Conversation['kind']
export type ConversationStatus = Conversation['status']
/** Whether bots and scripts may speak; `paused_until` null: until they are let. */
export type Automation = Conversation['automation']
export type UncaredCounts = Schemas['UncaredCounts']
export type View = NonNullable<
  NonNullable<operations['conversations.browse']['parameters']['query']>['view']
>

export type Message = Schemas['MessageView']
export type MessagePage = Schemas['MessagePage']
export type Attachment = Schemas['AttachmentView']
export type AttachmentKind = Attachment['kind']
export type Reaction = Schemas['ReactionView']
export type NewMessage = Schemas['NewMessage']
export type RetryAction = Schemas['Retry']['action']
export type Upload = Schemas['UploadView']
export type ReplyWindow = Schemas['WindowView']

export type Customer = Schemas['CustomerView']
export type MediaItem = Schemas['MediaItem']
/** Where a message is: media of a customer may stand in several conversations. */
export type MessagePlace = Pick<MediaItem, 'conversation_id' | 'message_id'>
export type MediaKind = MediaItem['kind']
export type ChosenItem = Schemas['ChosenItem']

export type People = Schemas['PeopleView'] | Schemas['SplitPeopleView']
export type Colleague = Schemas['PersonView']
export type Receipt = Schemas['ReceiptView']
export type Assignment = Schemas['AssigneeBody']
export type PeopleAction = People['may'][number]
export type Tag = Schemas['TagView']
export type TagColour = Tag['colour']
export type Tags = Schemas['TagsView']
export type Suggestion = Schemas['SuggestionView']
export type Duplicate = Schemas['DuplicateView']
export type Duplicates = Schemas['DuplicatesView']
export type Interaction = Schemas['InteractionView']
export type CannedReply = Schemas['CannedView']

export type Notice = Schemas['NoticeView']
export type UnknownAccount = Schemas['UnknownAccountView']
export type ConnectedAccount = Schemas['AccountStateView']
export type ConnectChannel = Schemas['ConnectBody']['channel']
export type ConnectFlow = Schemas['FlowView']
export type FoundAccount = Schemas['FoundAccountView']
export type FinishedAccount = Schemas['FinishedAccountView']
export type WaitingDeletion = Schemas['OpenDeletionView']

export interface Viewing {
  id: string
  name: string
}

/**
 * A frame of the live feed; `id` is where the feed resumes after it. The feed is a WebSocket, which
 * OpenAPI does not describe. A conversation comes with the fields that changed, a customer only
 * with the names of theirs.
 */
export interface LiveFrame {
  id: string | null
  type: string
  at: string | null
  conversation_id: string | null
  data: {
    message?: Message
    conversation?: Partial<Conversation>
    customer_id?: string
    fields?: string[]
    staff_id?: string
    state?: Presence['state']
    since?: string | null
    away_by?: Presence['away_by']
    receiving?: boolean
    /** A new message that is older than an hour: shown and counted, and nothing rings. */
    late?: boolean
    /** The message that stood here for it before. */
    replaces?: string
    /** Everybody who has the conversation open now. */
    staff?: Viewing[]
  }
}
