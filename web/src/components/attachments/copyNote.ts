/** Why an attachment cannot be seen (yet), as a key of the words. */
import type { Attachment } from '@/api/types'

const REASONS: Record<string, string> = {
  gone: 'copy.gone',
  too_large: 'copy.tooLarge',
}

/** For an attachment that is here but does not load, that it cannot be loaded. */
export function copyNote({ copy_state, copy_reason }: Pick<Attachment, 'copy_state' | 'copy_reason'>): string {
  if (copy_state === 'pending') return 'copy.pending'
  if (copy_state === 'none') return 'copy.none'
  if (copy_state === 'failed') return REASONS[copy_reason ?? ''] ?? 'copy.failed'
  return 'attachment.cannotLoad'
}
