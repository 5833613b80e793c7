import { Component } from '@angular/core';

import { AiChatComponent } from './ai-chat.component';

@Component({
  selector: 'app-root',
  standalone: true,
  imports: [AiChatComponent],
  template: '<app-ai-chat></app-ai-chat>',
})
export class AppComponent {}
