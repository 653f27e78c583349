"""What CareHub is compared with: small programs, each as its own documentation would have it written."""
