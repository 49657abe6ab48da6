"""From the configuration to the components, one module for each part of the platform."""
