"""Who answers: one file for each engine, behind the protocol of `base`. None knows Django.

- `distilled`    rules over the evidence grid, on a processor; `learnt` with trees that learnt here
- `openai_server` vLLM, or any server that speaks OpenAI's protocol: `transport` its bytes within bounds, `breaker` left alone
  while it is down, `constrained` answers held to a form, `origins` scheme, host and port of an address,
  `server_errors` what it did instead of answering, `server_words` what it said of it
- `vllm_offline` vLLM within this process; `transformers_local` a local folder of weights: `weights` what it holds, told from its
  files, `chat_template` the text its model reads, `picture_processor` pictures made ready
- `prompted`     what those three share: from a question to a judged answer; `chat` the protocol of who talks, `loop` its event loop
- `scripted`     tests; `errors` what may go wrong
"""
