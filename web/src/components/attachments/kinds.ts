/** Which component shows which kind of attachment; whatever is not named here is unsupported. */
import type { Component } from 'vue'

import type { AttachmentKind } from '@/api/types'
import AudioAttachment from '@/components/attachments/AudioAttachment.vue'
import ContactAttachment from '@/components/attachments/ContactAttachment.vue'
import FileAttachment from '@/components/attachments/FileAttachment.vue'
import ImageAttachment from '@/components/attachments/ImageAttachment.vue'
import LinkAttachment from '@/components/attachments/LinkAttachment.vue'
import LocationAttachment from '@/components/attachments/LocationAttachment.vue'
import StickerAttachment from '@/components/attachments/StickerAttachment.vue'
import TemplateAttachment from '@/components/attachments/TemplateAttachment.vue'
import UnsupportedAttachment from '@/components/attachments/UnsupportedAttachment.vue'
import VideoAttachment from '@/components/attachments/VideoAttachment.vue'

const COMPONENTS: Record<AttachmentKind, Component> = {
  image: ImageAttachment,
  video: VideoAttachment,
  audio: AudioAttachment,
  file: FileAttachment,
  sticker: StickerAttachment,
  location: LocationAttachment,
  contact: ContactAttachment,
  link: LinkAttachment,
  template: TemplateAttachment,
  unsupported: UnsupportedAttachment,
}

/** A newer server may know kinds that this page does not. */
export function componentFor(kind: string): Component {
  return kind in COMPONENTS ? COMPONENTS[kind as AttachmentKind] : UnsupportedAttachment
}
