import { AsyncPipe, NgFor, NgIf } from '@angular/common';
import { ChangeDetectionStrategy, Component, OnInit } from '@angular/core';
import { FormsModule } from '@angular/forms';
import { Observable, map } from 'rxjs';

import { AiStreamService, ConnectionStatus } from './ai-stream.service';
import { Reply } from './reply';

/** A prompt box, and the questions and replies so far. */
@Component({
  selector: 'app-ai-chat',
  standalone: true,
  imports: [AsyncPipe, FormsModule, NgFor, NgIf],
  templateUrl: './ai-chat.component.html',
  styleUrls: ['./ai-chat.component.css'],
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class AiChatComponent implements OnInit {
  prompt = '';
  readonly replies: Observable<readonly Reply[]>;
  readonly isAway: Observable<boolean>;
  private latest?: Reply;

  constructor(private readonly ai: AiStreamService) {
    this.replies = ai.replies;
    this.isAway = ai.status.pipe(map((status: ConnectionStatus) => status !== 'connected'));
  }

  ngOnInit(): void {
    void this.ai.start();
  }

  /** The text of the latest reply so far. */
  get output(): string {
    return this.latest?.text ?? '';
  }

  /** Whether the latest reply was accepted and is not over. */
  get typing(): boolean {
    return this.latest?.typing ?? false;
  }

  /** Whether the latest reply is over. */
  get done(): boolean {
    return this.latest?.done ?? false;
  }

  send(): void {
    const prompt = this.prompt.trim();
    if (prompt !== '') {
      this.latest = this.ai.ask(prompt);
      this.prompt = '';
    }
  }

  /** With Enter; Shift+Enter is a new line, and while a word is composed Enter ends that. */
  sendByKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  stop(reply: Reply): void {
    void this.ai.stop(reply);
  }

  byMessageId(_: number, reply: Reply): string {
    return reply.messageId;
  }
}
