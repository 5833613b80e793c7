import { Injectable, NgZone, OnDestroy } from '@angular/core';
import { HubConnection, HubConnectionBuilder, HubConnectionState, LogLevel } from '@microsoft/signalr';
import { BehaviorSubject, Observable, Subject } from 'rxjs';

import { Frame } from './frame';
import { newId, Reply, ReplyProblem, ReplySummary, Retraction } from './reply';

export type ConnectionStatus = 'connecting' | 'connected' | 'reconnecting' | 'stopped';

interface ResumeResult {
  readonly messageId: string;
  readonly status: 'resumed' | 'ended' | 'gone' | 'forbidden';
}

interface StopResult {
  readonly messageId: string;
  readonly status: 'stopped' | 'alreadyEnded' | 'unconfirmed' | 'gone' | 'forbidden';
}

const longestDelay = 10_000;

/**
 * Asks the hub at `/chat`, and tells how its replies grow.
 *
 * A reply belongs to its message id and not to a connection: when that is cut, the next one, at whichever server, goes on
 * where it was.
 */
@Injectable({ providedIn: 'root' })
export class AiStreamService implements OnDestroy {
  /** The hub's own events, each as it comes. */
  readonly typing: Observable<{ messageId: string; isTyping: boolean }>;
  readonly partial: Observable<{ messageId: string; text: string; cursor: number }>;
  readonly completed: Observable<{ messageId: string; summary: ReplySummary }>;
  readonly failed: Observable<{ messageId: string; problem: ReplyProblem }>;

  /** All questions and replies in the order in which they were asked, once per animation frame when any of them changed. */
  readonly replies: Observable<readonly Reply[]>;
  readonly status: Observable<ConnectionStatus>;

  private readonly typingEvents = new Subject<{ messageId: string; isTyping: boolean }>();
  private readonly partialEvents = new Subject<{ messageId: string; text: string; cursor: number }>();
  private readonly completedEvents = new Subject<{ messageId: string; summary: ReplySummary }>();
  private readonly failedEvents = new Subject<{ messageId: string; problem: ReplyProblem }>();
  private readonly shown = new BehaviorSubject<readonly Reply[]>([]);
  private readonly statuses = new BehaviorSubject<ConnectionStatus>('connecting');

  private readonly connection: HubConnection;
  private readonly asked = new Map<string, Reply>();
  private readonly frame: Frame;
  /** What is asked goes on with what was asked before. */
  private readonly conversationId = newId();
  private isStarted = false;
  private isStopped = false;

  constructor(private readonly zone: NgZone) {
    this.typing = this.typingEvents.asObservable();
    this.partial = this.partialEvents.asObservable();
    this.completed = this.completedEvents.asObservable();
    this.failed = this.failedEvents.asObservable();
    this.replies = this.shown.asObservable();
    this.status = this.statuses.asObservable();
    this.frame = new Frame(() => this.zone.run(() => this.shown.next([...this.asked.values()])));
    this.connection = new HubConnectionBuilder()
      .withUrl('/chat')
      .withAutomaticReconnect()
      .configureLogging(LogLevel.Information)
      .build();
    this.listen();
  }

  /** Connects, and stays connected; returns with the first connection. A server that is away is tried again and again. */
  async start(): Promise<void> {
    if (this.isStarted) {
      return;
    }
    this.isStarted = true;
    await this.connect();
  }

  /** Asks, now or as soon as there is a connection; earlier replies may still be under way. */
  ask(prompt: string): Reply {
    const reply = new Reply(prompt);
    this.asked.set(reply.messageId, reply);
    this.frame.now();
    if (this.isConnected) {
      void this.send(reply);
    }
    return reply;
  }

  /** Ends a reply, wherever it is written. Its `completed` says `stopped`. */
  async stop(reply: Reply): Promise<void> {
    if (reply.done) {
      return;
    }
    if (!reply.sent) {
      reply.withdrawn();
    } else {
      reply.stopRequested = true;
      await this.sendStop(reply);
    }
    this.frame.changed();
  }

  ngOnDestroy(): void {
    this.isStopped = true;
    this.frame.cancel();
    this.statuses.next('stopped');
    void this.connection.stop();
  }

  private get isConnected(): boolean {
    return this.connection.state === HubConnectionState.Connected;
  }

  private listen(): void {
    const on = <First, Second>(event: string, take: (reply: Reply, first: First, second: Second) => void) =>
      this.connection.on(event, (messageId: string, first: First, second: Second) => {
        const reply = this.asked.get(messageId);
        // Of what this page did not ask nothing is shown.
        if (reply) {
          take(reply, first, second);
          this.frame.changed();
        }
      });
    on('typing', (reply, isTyping: boolean) => {
      const isFirst = !reply.accepted;
      reply.typingChanged(isTyping);
      this.typingEvents.next({ messageId: reply.messageId, isTyping });
      if (isFirst && reply.stopRequested) {
        void this.sendStop(reply);
      }
    });
    on('partial', (reply, text: string, cursor: number) => {
      reply.received(text, cursor);
      this.partialEvents.next({ messageId: reply.messageId, text, cursor });
    });
    on('completed', (reply, summary: ReplySummary) => {
      reply.completed(summary);
      this.completedEvents.next({ messageId: reply.messageId, summary });
    });
    on('failed', (reply, problem: ReplyProblem) => this.fail(reply, problem));
    on('restarted', (reply, cursor: number) => reply.restarted(cursor));
    on('retracted', (reply, retraction: Retraction) => reply.retracted(retraction));

    this.connection.onreconnecting(() => this.disconnected());
    this.connection.onreconnected(() => this.connected());
    // The client has given up.
    this.connection.onclose(() => {
      if (!this.isStopped) {
        this.disconnected();
        void this.connect();
      }
    });
  }

  /** The client itself does not try again when the first connection fails. */
  private async connect(): Promise<void> {
    for (let attempt = 0; !this.isStopped; attempt++) {
      try {
        // Outside of Angular's zone: otherwise every message of the socket would check every component.
        await this.zone.runOutsideAngular(() => this.connection.start());
        return this.connected();
      } catch {
        // With jitter: the clients of a server that died do not come back all at once.
        const delay = Math.min(500 * 2 ** attempt, longestDelay) * (0.5 + Math.random() / 2);
        await this.zone.runOutsideAngular(() => new Promise(resolve => setTimeout(resolve, delay)));
      }
    }
  }

  private connected(): void {
    this.zone.run(() => this.statuses.next('connected'));
    for (const reply of this.asked.values()) {
      if (!reply.done) {
        void (reply.sent ? this.resume(reply) : this.send(reply));
      }
    }
  }

  private disconnected(): void {
    for (const reply of this.asked.values()) {
      reply.interrupted();
    }
    this.zone.run(() => this.statuses.next('reconnecting'));
    this.frame.changed();
  }

  private async send(reply: Reply, isAgain = false): Promise<void> {
    reply.sent = true;
    try {
      const options = { messageId: reply.messageId, conversationId: this.conversationId };
      await this.connection.invoke('AskAi', reply.prompt, options);
    } catch (error) {
      // A connection that is cut ends the invocation, but not the reply: `Resume` tells the rest of it.
      if (this.isConnected && !isAgain) {
        this.fail(reply, refused(error));
      } else if (this.isConnected) {
        // The first question may have arrived in the meantime.
        await this.resume(reply, refused(error));
      }
    }
  }

  private async resume(reply: Reply, refusal?: ReplyProblem): Promise<void> {
    const connectionId = this.connection.connectionId;
    try {
      const { status } = await this.connection.invoke<ResumeResult>('Resume', reply.messageId, reply.cursor);
      if (status === 'resumed' || status === 'ended') {
        reply.isLive();
        if (reply.stopRequested) {
          await this.sendStop(reply);
        }
      } else if (status === 'gone' && !reply.accepted && !refusal) {
        // It never arrived. Its id keeps it from being answered twice, should it still be on its way.
        await (reply.stopRequested ? reply.withdrawn() : this.send(reply, true));
      } else {
        this.fail(reply, refusal ?? lost(status));
      }
    } catch {
      setTimeout(() => {
        if (!reply.done && this.isConnected && this.connection.connectionId === connectionId) {
          void this.resume(reply, refusal);
        }
      }, 3000);
    }
    this.frame.changed();
  }

  /** Before there is a sign of the reply, or without a connection, the wish is kept. */
  private async sendStop(reply: Reply): Promise<void> {
    if (!reply.accepted || !this.isConnected) {
      return;
    }
    try {
      const { status } = await this.connection.invoke<StopResult>('Stop', reply.messageId);
      if (status === 'unconfirmed' && !reply.done) {
        reply.stopRequested = false;
        reply.notice = 'The stop is not confirmed yet, the reply may go on for a moment.';
      }
    } catch {
      if (this.isConnected) {
        reply.stopRequested = false;
        reply.notice = 'The reply could not be stopped.';
      }
    }
    this.frame.changed();
  }

  private fail(reply: Reply, problem: ReplyProblem): void {
    // The invocation of a reply that failed is refused as well.
    if (reply.done) {
      return;
    }
    reply.failed(problem);
    this.failedEvents.next({ messageId: reply.messageId, problem });
    this.frame.changed();
  }
}

function refused(error: unknown): ReplyProblem {
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'refused', message: message.replace(/^.*HubException: /, ''), retryable: true };
}

function lost(status: 'gone' | 'forbidden'): ReplyProblem {
  const message = status === 'gone'
    ? 'The rest of this reply is no longer available.'
    : 'This reply belongs to someone else.';
  return { code: status, message, retryable: status === 'gone' };
}
