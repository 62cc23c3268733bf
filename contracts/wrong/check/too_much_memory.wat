;; Wrong: more memory than the sandbox gives, at the very start: a large static array.
;; Mend: keep large things in storage, and little of them in memory at a time.
;; Says: the memory starts with 1025 pages
(module
  (memory (export "memory") 1025))
