"""The training loop and what it needs: validation, schedule, averaging, distillation, logs, model card."""
