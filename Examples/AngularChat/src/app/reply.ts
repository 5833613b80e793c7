/** How a reply stands. The last three are ends. */
export type ReplyState = 'waiting' | 'typing' | 'streaming' | 'completed' | 'stopped' | 'failed';

/** What `completed` says of a reply: how it ended, and what the whole text is. */
export interface ReplySummary {
  readonly finish: 'completed' | 'length' | 'stopped' | 'filtered' | string;
  readonly chunks: number;
  readonly bytes: number;
  /** Of the text's UTF-8, in hexadecimal digits. */
  readonly sha256: string;
  readonly usage?: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly cachedInputTokens?: number;
    readonly reasoningTokens?: number;
  };
}

/** What `failed` says. `code` is for programs, `message` for people; `retryAfter` is in seconds. */
export interface ReplyProblem {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfter?: number;
}

/** What `retracted` says: the text up to there stays, the rest of it goes. */
export interface Retraction {
  readonly cursor: number;
  /** In UTF-16 code units, which is what JavaScript's strings are made of. */
  readonly keepUTF16: number;
  readonly keepBytes: number;
  readonly category: string;
  readonly replacement?: string;
}

/** One question, and its reply as far as it was heard. */
export class Reply {
  /** Chosen here, 128 random bits: a question whose answer was lost with its connection is found again by it. */
  readonly messageId = newId();
  text = '';
  /** Comes with each piece of text, and says where a `Resume` goes on. */
  cursor = 0;
  state: ReplyState = 'waiting';
  /** The hub has said something of it. */
  accepted = false;
  typing = false;
  sent = false;
  stopRequested = false;
  summary?: ReplySummary;
  problem?: ReplyProblem;
  /** Something unusual that the reader should know. */
  notice = '';

  constructor(readonly prompt: string) {}

  get done(): boolean {
    return this.state === 'completed' || this.state === 'stopped' || this.state === 'failed';
  }

  typingChanged(isTyping: boolean): void {
    this.typing = isTyping;
    if (isTyping) {
      this.isLive();
    }
  }

  /** Text that was read before and comes again after a `Resume` is passed over. */
  received(text: string, cursor: number): void {
    if (this.done || cursor <= this.cursor) {
      return;
    }
    this.text += text;
    this.cursor = cursor;
    this.isLive();
  }

  /** The text begins again: another server answers in place of one that was lost. */
  restarted(cursor: number): void {
    this.text = '';
    this.cursor = cursor;
    this.summary = this.problem = undefined;
    this.notice = '';
    this.state = 'typing';
    this.isLive();
  }

  retracted({ cursor, keepUTF16, replacement }: Retraction): void {
    this.text = this.text.slice(0, keepUTF16) + (replacement ?? '');
    this.cursor = Math.max(this.cursor, cursor);
    this.notice = 'Part of this reply was taken back by the content filter.';
  }

  completed(summary: ReplySummary): void {
    if (this.done) {
      return;
    }
    this.summary = summary;
    this.ends(summary.finish === 'stopped' || summary.finish === 'filtered' ? 'stopped' : 'completed');
  }

  failed(problem: ReplyProblem): void {
    if (this.done) {
      return;
    }
    this.problem = problem;
    this.ends('failed');
  }

  /** Stopped before it was sent. */
  withdrawn(): void {
    this.notice = 'This question was not sent.';
    this.ends('stopped');
  }

  /** The connection is away; the reply goes on without us. */
  interrupted(): void {
    if (!this.done) {
      this.state = 'waiting';
      this.typing = false;
    }
  }

  isLive(): void {
    this.accepted = true;
    if (!this.done) {
      this.state = this.text === '' ? 'typing' : 'streaming';
    }
  }

  private ends(state: ReplyState): void {
    this.state = state;
    this.typing = false;
    this.stopRequested = false;
  }
}

/** 128 random bits. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}
